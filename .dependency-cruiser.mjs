// Who may import whom. The table is the design; `npm run check -- imports` holds the code to it.

/** Rooms of `packages/core/src`, whatever group they are in, and the rooms each may use besides itself. */
const ground = ['contract', 'errors', 'ports', 'process', 'values']
const base = [...ground, 'records']
const verified = [...base, 'revocation', 'credential', 'authorization-server', 'identity']

const rooms = {
  contract: [],
  errors: ['contract'],
  ports: ['contract'],
  process: ['contract', 'errors', 'ports'],
  values: ['contract', 'errors', 'ports', 'process'],
  records: ground,
  display: [],
  credential: base,
  revocation: base,
  'authorization-server': [...base, 'credential'],
  identity: [...base, 'revocation', 'credential', 'authorization-server'],
  roles: verified,
  fga: verified,
  'token-exchange': verified,
  vault: verified,
  approvals: verified,
  delegations: [...verified, 'approvals'],
  'device-login': verified,
  'resource-server': verified,
  ciba: [...verified, 'approvals'],
  stores: base,
  telemetry: [...base, 'display'],
  node: [...base, 'device-login'],
}
/** Above every room: these put them in order, and only the entry points stand above them. */
const above = ['guard', 'http']
/** What users import from: `index.ts`, and one file for each room that is a choice. */
const entryPoints = '(index\\.ts$|entrypoints/)'

const core = '^packages/core/src'
/** A room stands in the folder of its group. */
const inside = (names) => `${core}/[^/]+/(${names.join('|')})/`
const adapters = ['langchain', 'ai-sdk', 'mastra', 'mcp', 'openai-agents', 'claude-agent-sdk']

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Two files that need each other are one file, or hide a third.',
      severity: 'error',
      from: { path: '^(packages|examples|scripts)/' },
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `room-${room}`,
      comment: `${room} may use ${allowed.length > 0 ? allowed.join(', ') : 'nothing'} of core, and itself.`,
      severity: 'error',
      from: { path: inside([room]) },
      to: { path: `${core}/`, pathNot: inside([room, ...allowed]) },
    })),
    {
      name: 'room-unknown',
      comment: 'A new room gets its line in the table above, so that its place is decided and not found.',
      severity: 'error',
      from: {
        path: `${core}/`,
        pathNot: [inside([...Object.keys(rooms), ...above]), `${core}/entrypoints/`, `${core}/[^/]+\\.ts$`],
      },
      to: {},
    },
    {
      name: 'rooms-above',
      comment: 'guard and http use every room, not each other, and no entry point.',
      severity: 'error',
      from: { path: `${core}/[^/]+/(${above.join('|')})/` },
      to: { path: [inside(above), `${core}/${entryPoints}`], pathNot: `${core}/[^/]+/$1/` },
    },
    {
      name: 'ground-stays-private',
      severity: 'error',
      comment: 'What is exported is kept; these rooms are not kept.',
      from: { path: `${core}/${entryPoints}` },
      to: { path: inside(['process', 'values', 'records']) },
    },
    {
      name: 'core-knows-no-framework',
      comment: 'Nor its own tests, mocks or servers.',
      severity: 'error',
      from: { path: `${core}/` },
      to: {
        path: [
          '^packages/(?!core/)',
          '(^|/)node_modules/(ai|@ai-sdk|@langchain|@mastra|@modelcontextprotocol|@openai|next|express|hono|msw|vitest|oidc-provider)(/|$)',
        ],
      },
    },
    {
      name: 'core-runs-everywhere',
      comment: 'Workers, Deno and Bun have AsyncLocalStorage; the rest of Node sits behind `@behalf/core/node`.',
      severity: 'error',
      from: { path: `${core}/`, pathNot: inside(['node']) },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?async_hooks$' },
    },
    {
      name: 'declared-dependencies-only',
      comment: 'What a published file imports must be installed with it. core bundles zod.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'undetermined'],
        dependencyTypesNot: ['npm-peer', 'type-only'],
        pathNot: ['(^|/)node_modules/zod/', '^packages/'],
      },
    },
    {
      name: 'adapter-stands-alone',
      comment: 'An adapter translates between core and one framework; it never leans on another adapter.',
      severity: 'error',
      from: { path: `^packages/(${adapters.join('|')})/src/` },
      to: { path: '^packages/', pathNot: '^packages/(core|$1)/' },
    },
    {
      name: 'packages-by-their-names',
      comment: 'Across packages only what is published counts: import `@behalf/…`, never a path.',
      severity: 'error',
      from: { path: '^(packages|examples)/([^/]+)/' },
      to: { path: '^(packages|examples)/', pathNot: '^$1/$2/', dependencyTypes: ['local'] },
    },
    {
      name: 'sources-need-no-tests',
      severity: 'error',
      from: { path: '^(packages|examples)/[^/]+/src/' },
      to: { path: '/(test|bench)/' },
    },
  ],
  options: {
    // A type import is a dependency too: it says who knows whom.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: ['node_modules'] },
    // What is measured or run in an install of its own finds its imports only there.
    exclude: {
      path: [
        '^(packages|examples)/[^/]+/(dist|coverage|\\.behalf)/',
        '^docs/',
        '^scripts/consumers/programs/',
        '^packages/[^/]+/bench/incumbent',
      ],
    },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mts', '.d.ts', '.js', '.mjs', '.json'],
    },
  },
}
