import ts from 'typescript'

/** By what a guard names a part of a file: functions, classes and their methods, and constants of the file itself. */
export function nameOf(node: ts.Node): string | undefined {
  if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) return node.name?.text
  if (ts.isMethodDeclaration(node) || ts.isGetAccessorDeclaration(node) || ts.isPropertyDeclaration(node)) {
    return node.name.getText()
  }
  if (ts.isConstructorDeclaration(node)) return 'constructor'
  if (!ts.isVariableDeclaration(node) || !ts.isIdentifier(node.name)) return undefined
  // Within a function, only what is a function itself: others would make the names long and tell nothing.
  const { initializer } = node
  const isFunction =
    initializer !== undefined && (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer))
  return isFunction || ts.isSourceFile(node.parent.parent.parent) ? node.name.text : undefined
}
