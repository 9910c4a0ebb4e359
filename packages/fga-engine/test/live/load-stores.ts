import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import syntax from '@openfga/syntax-transformer'
import { parse } from 'yaml'
import type {
  AuthorizationModel,
  CheckQuestion,
  ListObjectsQuestion,
  ListUsersQuestion,
  Tuple,
} from '../../src/index.ts'

/** Beside the repository: OpenFGA's own sample stores, with their licence. */
const FOLDER = join(import.meta.dirname, '../../../../../shared/data/openfga-sample-stores/stores')

export interface SampleStore {
  readonly name: string
  readonly model: AuthorizationModel
  readonly scenarios: readonly Scenario[]
}

/** One `tests` entry: questions over the store's tuples and its own. */
export interface Scenario {
  readonly name: string
  readonly tuples: readonly Tuple[]
  readonly checks: readonly { readonly question: CheckQuestion; readonly expected: boolean }[]
  readonly lists: readonly { readonly question: ListObjectsQuestion; readonly expected: readonly string[] }[]
  readonly userLists: readonly { readonly question: ListUsersQuestion; readonly expected: readonly string[] }[]
}

interface StoreFile {
  readonly model?: string
  readonly model_file?: string
  readonly tuples?: readonly Tuple[]
  readonly tuple_file?: string
  readonly tuple_files?: readonly string[]
  readonly tests?: readonly TestEntry[]
}

interface TestEntry {
  readonly name?: string
  readonly tuples?: readonly Tuple[]
  readonly check?: readonly (Asked & {
    readonly user?: string
    readonly users?: readonly string[]
    readonly object?: string
    readonly objects?: readonly string[]
    readonly assertions: Readonly<Record<string, boolean>>
  })[]
  readonly list_objects?: readonly (Asked & {
    readonly user: string
    readonly type: string
    readonly assertions: Readonly<Record<string, readonly string[]>>
  })[]
  readonly list_users?: readonly (Asked & {
    readonly object: string
    readonly user_filter: readonly { readonly type: string; readonly relation?: string }[]
    readonly assertions: Readonly<Record<string, { readonly users: readonly string[] }>>
  })[]
}

interface Asked {
  readonly context?: Readonly<Record<string, unknown>>
}

/** `undefined` where a clone stands alone. */
export function loadStores(): readonly SampleStore[] | undefined {
  if (!existsSync(FOLDER)) return undefined
  return globSync('**/*.fga.yaml', { cwd: FOLDER })
    .sort()
    .map((file) => loadStore(join(FOLDER, file)))
}

function loadStore(path: string): SampleStore {
  const file = parse(readFileSync(path, 'utf8')) as StoreFile
  const folder = dirname(path)
  const shared = [
    ...(file.tuples ?? []),
    ...[file.tuple_file ?? [], file.tuple_files ?? []]
      .flat()
      .flatMap((name) => parse(readFileSync(join(folder, name), 'utf8')) as readonly Tuple[]),
  ]
  return {
    name: relative(FOLDER, path),
    model: file.model === undefined ? readModel(join(folder, file.model_file ?? '')) : transform(file.model),
    scenarios: (file.tests ?? []).map((entry, index) => scenarioOf(entry, index, shared)),
  }
}

function scenarioOf(entry: TestEntry, index: number, shared: readonly Tuple[]): Scenario {
  const {
    name = `test ${index + 1}`,
    tuples = [],
    check = [],
    list_objects: lists = [],
    list_users: users = [],
  } = entry
  return {
    name,
    tuples: [...shared, ...tuples].map(plain),
    checks: check.flatMap(({ user, object, assertions, ...more }) =>
      (more.users ?? [user ?? '']).flatMap((one) =>
        (more.objects ?? [object ?? '']).flatMap((target) =>
          Object.entries(assertions).map(([relation, expected]) => ({
            question: { user: one, relation, object: target, ...contextOf(more) },
            expected,
          })),
        ),
      ),
    ),
    lists: lists.flatMap(({ user, type, assertions, context }) =>
      Object.entries(assertions).map(([relation, expected]) => ({
        question: { user, type, relation, ...contextOf({ ...(context && { context }) }) },
        expected,
      })),
    ),
    userLists: users.flatMap(({ object, user_filter: [filter], assertions, context }) =>
      Object.entries(assertions).map(([relation, { users: expected }]) => ({
        question: {
          object,
          relation,
          filter: filter?.relation === undefined ? `${filter?.type}` : `${filter.type}#${filter.relation}`,
          ...contextOf({ ...(context && { context }) }),
        },
        expected,
      })),
    ),
  }
}

/** YAML has dates; the API has text. */
const contextOf = ({ context }: Asked): Asked =>
  context === undefined ? {} : { context: JSON.parse(JSON.stringify(context)) as Record<string, unknown> }

const plain = ({ user, relation, object, condition }: Tuple): Tuple => ({
  user,
  relation,
  object,
  ...(condition && { condition: JSON.parse(JSON.stringify(condition)) as typeof condition }),
})

function readModel(path: string): AuthorizationModel {
  const text = readFileSync(path, 'utf8')
  if (!path.endsWith('.mod')) return transform(text)
  const { contents, schema } = syntax.transformer.transformModFileToJSON(text)
  const files = contents.value.map(({ value }) => ({
    name: value,
    contents: readFileSync(join(dirname(path), value), 'utf8'),
  }))
  return syntax.transformer.transformModuleFilesToModel(files, schema.value) as unknown as AuthorizationModel
}

const transform = (text: string): AuthorizationModel =>
  syntax.transformer.transformDSLToJSONObject(text) as unknown as AuthorizationModel
