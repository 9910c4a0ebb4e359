import ts from 'typescript'
import type { Guard } from './mutant.ts'

/** When a test can tell a mutant at all: only where the part that it takes away had this value. */
type Seen = 'truthy' | 'falsy' | 'note'

interface Change {
  readonly what: string
  readonly text: string
  /** Absent: wherever it is reached. */
  readonly seen?: Seen
}

interface Side extends Change {
  readonly seen: Seen
  readonly node: ts.Expression
}

/**
 * Both sides of `&&` and `||`, each left out in turn, since every clause of a condition is a guard of its own; and the
 * right side of `??`: a later check, or what holds where nothing was said.
 */
export function sidesAt(
  node: ts.Node,
): { readonly left?: Side; readonly right: Side; readonly operator: string } | undefined {
  if (!ts.isBinaryExpression(node)) return undefined
  const operator = node.operatorToken.getText()
  if (operator === '??') {
    const right: Side = {
      node: node.right,
      what: 'what follows ?? removed',
      text: `(${node.left.getText()})`,
      seen: 'note',
    }
    return { operator, right }
  }
  if (operator !== '&&' && operator !== '||') return undefined
  // `...(x !== undefined && { x })` is how a field is left out, not a condition.
  if (ts.isParenthesizedExpression(node.parent) && ts.isSpreadAssignment(node.parent.parent)) return undefined
  const seen = operator === '&&' ? 'falsy' : 'truthy'
  const [left, right] = [node.left.getText(), node.right.getText()]
  const withoutRight: Side = { node: node.right, what: 'clause removed', text: `(${left})`, seen }
  // Of `a || b || c` each is left out once; `a || b` at once would be less than either.
  if (operatorOf(node.left) === operator) return { operator, right: withoutRight }
  return {
    operator,
    left: { node: node.left, what: 'clause removed', text: `(${right})`, seen },
    right: withoutRight,
  }
}

const operatorOf = (node: ts.Node): string | undefined =>
  ts.isBinaryExpression(node) ? node.operatorToken.getText() : undefined

interface Alternatives {
  readonly changes: readonly Change[]
  readonly wrap: (changes: readonly (Change & { readonly id: number })[], original: string) => string
}

type Wrap = Alternatives['wrap']

/** `on` also notes that it was reached; where the value says whether a change shows, that is noted instead. */
const choose: Wrap = (changes, original) =>
  `(${changes.map(({ id, text, seen }) => `__mutants.${seen === undefined ? 'on' : 'is'}(${id}) ? ${text} : `).join('')}${original})`

/** What else could stand here, from the inside to the outside. */
export function alternativesAt(node: ts.Node, { parts, exact }: Pick<Guard, 'parts' | 'exact'>): Alternatives[] {
  const named = exact?.find(({ from }) => ts.isExpression(node) && from === node.getText())
  const layers = [
    named && { changes: [{ what: `${named.to} instead`, text: named.to }], wrap: choose },
    atExpression(node),
    atCondition(node),
    atStatement(node),
    parts ? atPart(node) : undefined,
  ]
  return layers.filter((layer) => layer !== undefined)
}

function atCondition(node: ts.Node): Alternatives | undefined {
  const { parent } = node
  if (ts.isIfStatement(parent) && parent.expression === node) {
    // Whoever notices that one clause is gone would notice that all are.
    if (leaves(parent.thenStatement) && operatorOf(node) === '||') return undefined
    const change: Change = leaves(parent.thenStatement)
      ? { what: 'guard removed', text: 'false', seen: 'truthy' }
      : { what: 'condition negated', text: `!(${node.getText()})` }
    return { changes: [change], wrap: choose }
  }
  if (ts.isConditionalExpression(parent) && parent.condition === node) {
    return { changes: [{ what: 'condition negated', text: `!(${node.getText()})` }], wrap: choose }
  }
  return undefined
}

/** Whether control goes elsewhere after it. */
function leaves(statement: ts.Statement): boolean {
  const last = ts.isBlock(statement) ? statement.statements.at(-1) : statement
  return last !== undefined && (ts.isReturnStatement(last) || ts.isThrowStatement(last) || ts.isContinueStatement(last))
}

/** Calls that are made for what they do. What they note for people is no guard. */
function atStatement(node: ts.Node): Alternatives | undefined {
  const { parent } = node
  if (!ts.isExpressionStatement(parent)) return undefined
  const call = ts.isAwaitExpression(node) ? node.expression : node
  if (!ts.isCallExpression(call) || call.expression.kind === ts.SyntaxKind.SuperKeyword) return undefined
  if (/(^|\.)(passed|wouldDeny|noteEnd|noteToken|noteEvent)$/.test(call.expression.getText())) return undefined
  return {
    changes: [{ what: 'call removed', text: 'undefined' }],
    // `void` first: a parenthesis would go on with the line before.
    wrap: (changes, original) => `void ${choose(changes, original)}`,
  }
}

const opposite: Readonly<Record<string, string>> = {
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
}
const booleanCall = /\.(has|includes|some|every|test|startsWith|endsWith|isInstance)$/

function atExpression(node: ts.Node): Alternatives | undefined {
  const inner = atOperation(node)
  if (!isReturned(node) || !isBoolean(node)) return inner
  const changes: Change[] = [
    { what: 'always true', text: 'true', seen: 'falsy' },
    { what: 'always false', text: 'false', seen: 'truthy' },
  ]
  // `!==` for `===` shows wherever one of these does.
  const isEquality = ts.isBinaryExpression(node) && node.operatorToken.getText().length === 3
  return { changes: [...changes, ...(isEquality ? [] : (inner?.changes ?? []))], wrap: choose }
}

function atOperation(node: ts.Node): Alternatives | undefined {
  if (ts.isBinaryExpression(node)) return atOperator(node)
  if (ts.isCallExpression(node)) return atCall(node)
  if ((node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) && isReturned(node)) {
    const flipped = node.kind === ts.SyntaxKind.TrueKeyword ? 'false' : 'true'
    return { changes: [{ what: `${flipped} instead`, text: flipped }], wrap: choose }
  }
  return undefined
}

function atOperator(node: ts.BinaryExpression): Alternatives | undefined {
  const operator = node.operatorToken.getText()
  const [left, right] = [node.left.getText(), node.right.getText()]
  const other = opposite[operator]
  if (other === undefined || isLoopHead(node)) return undefined
  const isEquality = operator.length === 3
  // Where a whole condition is taken away or negated already, `!==` for `===` would be the same once more.
  if (isEquality && (isWhole(node) || isSide(node))) return undefined
  return { changes: [{ what: `${other} instead`, text: `(${left} ${other} ${right})` }], wrap: choose }
}

function atCall(node: ts.CallExpression): Alternatives | undefined {
  const callee = node.expression
  if (!ts.isPropertyAccessExpression(callee) || node.getText().includes('?.')) return undefined
  const name = callee.name.text
  const object = callee.expression.getText()
  const args = node.arguments.map((argument) => argument.getText())
  if ((name === 'some' || name === 'every') && args.length === 1) {
    const other = name === 'some' ? 'every' : 'some'
    return { changes: [{ what: `${other} instead`, text: `${object}.${other}(${args[0]})` }], wrap: choose }
  }
  if (name === 'filter' && args.length === 1) return { changes: [{ what: 'unfiltered', text: object }], wrap: choose }
  if (object === 'Math' && (name === 'min' || name === 'max') && args.length === 2) {
    const alone = args.filter((text) => !text.startsWith('...'))
    return { changes: alone.map((text) => ({ what: `only ${text}`, text: `(${text})` })), wrap: choose }
  }
  return undefined
}

function atPart(node: ts.Node): Alternatives | undefined {
  const { parent } = node
  const changes: Change[] = [{ what: 'left out', text: '' }]
  if (ts.isArrayLiteralExpression(parent) && parent.elements.length > 1 && !ts.isOmittedExpression(node)) {
    return { changes, wrap: ([change], original) => `...(__mutants.on(${change?.id}) ? [] : [${original}])` }
  }
  if (ts.isObjectLiteralExpression(parent) && !ts.isMethodDeclaration(node) && !isSpreadAlone(parent)) {
    return { changes, wrap: ([change], original) => `...(__mutants.on(${change?.id}) ? {} : { ${original} })` }
  }
  if (ts.isTemplateSpan(parent) && parent.expression === node) {
    return { changes, wrap: ([change], original) => `(__mutants.on(${change?.id}) ? '' : ${original})` }
  }
  return undefined
}

/** `...(x !== undefined && { x })`: to leave out the spread is to leave out what is in it. */
const isSpreadAlone = (node: ts.ObjectLiteralExpression): boolean =>
  node.properties.length === 1 && ts.isBinaryExpression(node.parent) && ts.isParenthesizedExpression(node.parent.parent)

function isReturned(node: ts.Node): boolean {
  const { parent } = node
  return (
    (ts.isReturnStatement(parent) && parent.expression === node) || (ts.isArrowFunction(parent) && parent.body === node)
  )
}

/** A comparison, a negation, or a call that is known to answer yes or no. */
function isBoolean(node: ts.Node): boolean {
  if (ts.isPrefixUnaryExpression(node)) return node.operator === ts.SyntaxKind.ExclamationToken
  if (ts.isBinaryExpression(node)) return opposite[node.operatorToken.getText()] !== undefined
  return ts.isCallExpression(node) && booleanCall.test(node.expression.getText())
}

const isWhole = (node: ts.Node): boolean =>
  (ts.isIfStatement(node.parent) && node.parent.expression === node) ||
  (ts.isConditionalExpression(node.parent) && node.parent.condition === node)

const isSide = (node: ts.Node): boolean =>
  ts.isBinaryExpression(node.parent) && ['&&', '||'].includes(operatorOf(node.parent) ?? '')

function isLoopHead(node: ts.Node): boolean {
  return ts.isForStatement(node.parent) || ts.isWhileStatement(node.parent)
}
