// Who may import whom. The list is the design; `npm run check -- imports` holds the code to it.

/** The rooms of `packages/core/src`, from the ground up: a room uses itself and the rooms before it. */
const rooms = [
  ...['base', 'records', 'credential', 'oauth', 'identity', 'token-exchange', 'sign-in', 'permissions', 'vault'],
  ...['runs', 'ciba', 'delegations', 'guard', 'resource-server'],
]
const core = '^packages/core/src'
const inside = (names) => `${core}/(${names.join('|')})/`
/** What users import from: `index.ts`, and one file for each choice. No room imports them. */
const entryPoints = `${core}/(index\\.ts$|entrypoints/)`
/** Files that need Node. Each stands in the room that it serves. */
const ofNode = `${core}/.+\\.node\\.ts$`
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
    ...rooms.map((room, floor) => ({
      name: `room-${room}`,
      comment: `${room} may use ${['itself', ...rooms.slice(0, floor)].join(', ')}.`,
      severity: 'error',
      from: { path: inside([room]) },
      to: { path: `${core}/`, pathNot: inside(rooms.slice(0, floor + 1)) },
    })),
    {
      name: 'room-unknown',
      comment: 'A new room gets its place in the list above, so that its floor is decided and not found.',
      severity: 'error',
      from: { path: `${core}/`, pathNot: [inside(rooms), entryPoints] },
      to: {},
    },
    {
      name: 'ground-stays-private',
      severity: 'error',
      comment: 'What is exported is kept; these files are not kept.',
      from: { path: entryPoints },
      to: {
        path: [`${core}/base/(process|values)/`, inside(['records'])],
        pathNot: `${core}/records/(memory|sealed)-store\\.ts$`,
      },
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
      comment: 'Workers, Deno and Bun have AsyncLocalStorage; the rest of Node is for files named `*.node.ts`.',
      severity: 'error',
      from: { path: `${core}/`, pathNot: ofNode },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?async_hooks$' },
    },
    {
      name: 'node-behind-its-entry',
      comment: 'Only `@behalf/core/node` brings what needs Node.',
      severity: 'error',
      from: { path: `${core}/`, pathNot: [ofNode, `${core}/entrypoints/node\\.ts$`] },
      to: { path: ofNode },
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
