import ts from 'typescript'
import type { Guard, Mutant } from './mutant.ts'
import { nameOf } from './name-of.ts'
import { alternativesAt, sidesAt } from './operators.ts'

/** A file of core with all its mutants in it, each asleep until the run wakes it by its number. */
export interface Instrumented {
  readonly code: string
  readonly mutants: readonly Mutant[]
  /** Names of `within` that the file does not have. */
  readonly unknown: readonly string[]
}

/**
 * Writes every mutant of the guarded functions into the source, as `on(7) ? changed : original`.
 *
 * All of them in one text, so that a test file is compiled and loaded once and not once for each mutant.
 *
 * @param firstId - Number of the first mutant.
 */
export function instrument(source: string, guard: Guard, firstId: number): Instrumented {
  const file = ts.createSourceFile(guard.file, source, ts.ScriptTarget.Latest, true)
  const writer = new MutantWriter(file, guard, firstId)
  let code = ''
  let at = 0
  for (const statement of file.statements) {
    code += source.slice(at, statement.getStart(file))
    code += writer.print(statement, { name: '', isGuarded: guard.within === undefined })
    at = statement.getEnd()
  }
  const unknown = (guard.within ?? []).filter((name) => !writer.found.has(name))
  return { code: code + source.slice(at), mutants: writer.mutants, unknown }
}

/** The function around a node, and whether it is one to look at. */
interface Scope {
  readonly name: string
  readonly isGuarded: boolean
}

class MutantWriter {
  readonly mutants: Mutant[] = []
  readonly found = new Set<string>()
  readonly #file: ts.SourceFile
  readonly #guard: Guard
  readonly #firstId: number
  readonly #seen = new Map<string, number>()

  constructor(file: ts.SourceFile, guard: Guard, firstId: number) {
    this.#file = file
    this.#guard = guard
    this.#firstId = firstId
  }

  /** The node's text with the mutants of everything in it. */
  print(node: ts.Node, around: Scope): string {
    if (isTypeOnly(node)) return node.getText()
    const scope = this.#enter(node, around)
    if (!scope.isGuarded) return this.#children(node, scope)
    let code = this.#sides(node, scope) ?? this.#children(node, scope)
    for (const { changes, wrap } of alternativesAt(node, this.#guard)) {
      const numbered = changes.map((change) => ({ ...change, id: this.#add(node, scope, change.what, change.text) }))
      for (const { id, seen } of numbered) if (seen !== undefined) code = `__mutants.${seen}(${id}, ${code})`
      code = wrap(numbered, code)
    }
    return code
  }

  #enter(node: ts.Node, around: Scope): Scope {
    const own = nameOf(node)
    if (own === undefined) return around
    const name = around.name === '' ? own : `${around.name}.${own}`
    const isNamed = this.#guard.within?.includes(name) === true
    if (isNamed) this.found.add(name)
    return { name, isGuarded: around.isGuarded || isNamed }
  }

  #sides(node: ts.Node, scope: Scope): string | undefined {
    const sides = sidesAt(node)
    if (sides === undefined || !ts.isBinaryExpression(node)) return undefined
    const [left, right] = [sides.left, sides.right].map((side) => {
      if (side === undefined) return undefined
      const id = this.#add(side.node, scope, side.what, side.text)
      const code = `__mutants.${side.seen}(${id}, ${this.print(side.node, scope)})`
      return { choice: `__mutants.is(${id}) ? ${side.text} : `, code }
    })
    const first = left?.code ?? this.print(node.left, scope)
    return `(${left?.choice ?? ''}${right?.choice ?? ''}(${first} ${sides.operator} ${right?.code ?? ''}))`
  }

  #children(node: ts.Node, scope: Scope): string {
    const source = this.#file.text
    let code = ''
    let at = node.getStart(this.#file)
    node.forEachChild((child) => {
      code += source.slice(at, child.getStart(this.#file)) + this.print(child, scope)
      at = child.getEnd()
    })
    return code + source.slice(at, node.getEnd())
  }

  #add(node: ts.Node, scope: Scope, what: string, becomes: string): number {
    const text = oneLine(node.getText())
    const plain = `${scope.name}: ${what}: ${text.length > 120 ? `${text.slice(0, 117)}...` : text}`
    const times = (this.#seen.get(plain) ?? 0) + 1
    this.#seen.set(plain, times)
    const id = this.#firstId + this.mutants.length
    const line = this.#file.getLineAndCharacterOfPosition(node.getStart()).line + 1
    const key = times === 1 ? plain : `${plain} (${times})`
    this.mutants.push({ id, file: this.#guard.file, line, key, becomes: oneLine(becomes) })
    return id
  }
}

const isTypeOnly = (node: ts.Node): boolean =>
  ts.isTypeNode(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isImportDeclaration(node)

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ')
