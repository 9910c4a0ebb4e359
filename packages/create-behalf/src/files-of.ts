import { readFileSync } from 'node:fs'
import { type Choices, type FrameworkName, frameworks, type Provider, providers } from './choices.ts'

/** Oldest Node that runs TypeScript as it is. */
export const OLDEST_NODE = '22.18'

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

/**
 * Returns the files of an app, by their names.
 *
 * @param name - Name of the app's package.
 */
export function filesOf(
  name: string,
  { framework, provider }: Omit<Choices, 'folder'>,
): Readonly<Record<string, string>> {
  const isMcp = framework === 'mcp'
  const isSandbox = provider === 'sandbox'
  const template = (path: string) => ownText(read(`templates/${path}`), { isMcp, name })
  return {
    'package.json': manifestOf(name, framework, { hasClient: isMcp && isSandbox, hasSettings: !isSandbox }),
    'tsconfig.json': TSCONFIG,
    '.gitignore': 'node_modules\n.env\n',
    ...(!isSandbox && { '.env': envOf({ framework, provider }) }),
    'app.ts': template(`apps/${framework}.ts`),
    ...(isMcp && isSandbox && { 'client.ts': template('client.ts') }),
    'guard.ts': template(`guards/${isMcp && isSandbox ? 'sandbox-mcp' : provider}.ts`),
    ...(!isSandbox && { 'terminal.ts': template('terminal.ts') }),
    'tools.ts': template('tools.ts'),
    'tools.test.ts': template('tools.test.ts'),
  }
}

/**
 * Returns a template as a file of the app: without the regions of other frameworks, and with imports from the same
 * folder.
 */
function ownText(text: string, { isMcp, name }: { readonly isMcp: boolean; readonly name: string }): string {
  const others = isMcp ? 'agent' : 'mcp'
  return (isMcp ? text.replace(', signInByDevice }', ' }') : text)
    .replaceAll(new RegExp(`^ *// #region ${others}\\n[^]*?^ *// #endregion\\n`, 'gm'), '')
    .replaceAll(/^ *\/\/ #(region \w+|endregion)\n/gm, '')
    .replaceAll(/'\.\.\/guards\/[\w-]+\.ts'/g, "'./guard.ts'")
    .replaceAll("'../", "'./")
    .replaceAll('APP-NAME', name)
}

const TSCONFIG = `${JSON.stringify(
  {
    compilerOptions: {
      target: 'es2023',
      lib: ['es2024', 'dom', 'dom.iterable', 'dom.asynciterable'],
      module: 'nodenext',
      types: ['node'],
      strict: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      erasableSyntaxOnly: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      noEmit: true,
    },
  },
  undefined,
  2,
)}\n`

/** Returns the settings that an app reads, each with what to enter. */
export function settingsOf({ framework, provider }: Omit<Choices, 'folder'>): Provider['settings'] {
  const { settings }: Provider = providers[provider]
  // A server itself requests no login.
  return Object.fromEntries(Object.entries(settings).filter(([name]) => framework !== 'mcp' || name !== 'ENTRA_SCOPE'))
}

const envOf = (choices: Omit<Choices, 'folder'>): string =>
  Object.entries(settingsOf(choices))
    .map(([setting, hint]) => `# ${hint}\n${setting}=\n`)
    .join('')

interface Parts {
  readonly hasClient: boolean
  readonly hasSettings: boolean
}

function manifestOf(name: string, framework: FrameworkName, { hasClient, hasSettings }: Parts): string {
  const start = hasSettings ? 'node --env-file=.env' : 'node'
  const client = hasClient ? ['@modelcontextprotocol/client'] : []
  // A guard of the sandbox imports it. Other apps need it only for their test.
  const sandbox = ['@behalf/sandbox']
  const manifest = {
    name,
    private: true,
    type: 'module',
    engines: { node: `>=${OLDEST_NODE}` },
    scripts: {
      start: `${start} app.ts`,
      ...(hasClient && { client: 'node client.ts' }),
      test: 'node --test tools.test.ts',
      types: 'tsc',
    },
    dependencies: rangesOf([
      '@behalf/core',
      'zod',
      ...frameworks[framework].packages,
      ...client,
      ...(hasSettings ? [] : sandbox),
    ]),
    devDependencies: rangesOf(['@types/node', 'typescript', ...(hasSettings ? sandbox : [])]),
  }
  return `${JSON.stringify(manifest, undefined, 2)}\n`
}

/**
 * Versions with which the templates are compiled and tested. Packing writes the versions of the release into this
 * manifest.
 */
function rangesOf(names: readonly string[]): Readonly<Record<string, string>> {
  const { devDependencies: tested } = JSON.parse(read('package.json')) as {
    readonly devDependencies: Readonly<Record<string, string>>
  }
  const rangeOf = (name: string) =>
    name === 'typescript' ? tested['@typescript/native']?.replace('npm:typescript@', '') : tested[name]
  return Object.fromEntries([...names].sort().map((name) => [name, rangeOf(name) ?? 'latest']))
}
