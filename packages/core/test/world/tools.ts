import type { UserIdentity } from '../../src/index.ts'
import type { Sdk } from './bundle.ts'
import type { Rules, Text } from './events.ts'
import { API, ISSUER, LEDGER, personOf } from './issuer.ts'
import { FILES, fileScopes } from './provider.ts'
import type { Random } from './random.ts'

/** Tools that use the API of the app, and those that use an account of the user at a provider. */
export const apiTools = ['pay', 'note', 'book', 'wire', 'memo', 'look', 'send', 'refund', 'tip'] as const
export const accountTools = ['share', 'open', 'upload', 'view'] as const
export const toolNames = [...apiTools, ...accountTools] as const
export type ToolName = (typeof toolNames)[number]

/** What a deploy may change. */
export interface Deployed {
  readonly version: number
  readonly limit: number
  readonly approver: 'carol' | 'dave' | 'ann'
  readonly timeoutMs: number
  /** Only who has this role may call `note` and `pay`. */
  readonly role?: 'treasurer' | undefined
  /** The agent may hold nothing of these tools. */
  readonly beyondCeiling: readonly ToolName[]
}

/** What a process runs at first. During a deploy two versions run side by side. */
export const firstDeploy = (random: Random): Deployed => ({
  version: 1,
  limit: random.oneIn(3) ? 600 : 100,
  approver: random.oneIn(3) ? random.pick(['dave', 'dave', 'ann']) : 'carol',
  timeoutMs: 10_000,
  beyondCeiling: [],
})

interface Kind {
  readonly asks: boolean
  readonly perCall?: boolean
  readonly retries?: boolean
  readonly reads?: boolean
  /** It declares no credential. */
  readonly unseen?: boolean
  /** Its bodies use the company's own payment client too, of which the SDK knows nothing. */
  readonly ownClient?: boolean
  /** The token of an approved call says what was approved. */
  readonly detailed?: boolean
  /** The approver is asked on the phone, and not in the app's pages. */
  readonly byPhone?: boolean
  /** The input has a field that the schema fills at random. */
  readonly isRandom?: boolean
  /** It uses an account of the user at the provider. */
  readonly usesAccount?: boolean
  /** The app names the account. Else the user has chosen it. */
  readonly namesAccount?: boolean
  readonly api?: string
}

const kinds: Readonly<Record<ToolName, Kind>> = {
  pay: { asks: true, detailed: true },
  note: { asks: false },
  book: { asks: false, isRandom: true, api: LEDGER },
  wire: { asks: true, perCall: true, retries: true, detailed: true },
  memo: { asks: true, unseen: true },
  look: { asks: false, reads: true },
  send: { asks: true, byPhone: true },
  refund: { asks: true, ownClient: true },
  tip: { asks: false, ownClient: true },
  share: { asks: true, usesAccount: true },
  open: { asks: false, reads: true, usesAccount: true },
  upload: { asks: true, retries: true, usesAccount: true, namesAccount: true },
  view: { asks: false, reads: true, usesAccount: true, namesAccount: true },
}

/** Whether the bodies of a tool do all that they do by their credentials. */
export const writesOnlyByAccess = (tool: ToolName): boolean => {
  const { reads = false, unseen = false, ownClient = false } = kinds[tool]
  return !reads && !unseen && !ownClient
}

/** Whether core must know `writesOnlyBy`. `false`: it is given where `policy()` takes it. */
const REQUIRES_WRITES_ONLY_BY = false

/** Whether this core knows `writesOnlyBy`: it refuses unknown rules. */
function knowsWritesOnlyBy(sdk: Sdk): boolean {
  const access = { api: sdk.resource(API, { scopes: ['entry:do'] }) }
  try {
    sdk.policy(sdk.z.strictObject({}), { effect: 'write', access, writesOnlyBy: 'access' } as object)
    return true
  } catch {
    return false
  }
}

const LIFETIME = 600
const USE_WITHIN = 300

/** What the app says of a tool, for the model. */
export function rulesOf(tool: ToolName, deployed: Deployed): Rules {
  const { asks, perCall = false, retries = false, reads = false, unseen = false, detailed = false } = kinds[tool]
  const { usesAccount = false, namesAccount = false, api = API } = kinds[tool]
  const [all, small] = scopesOfTool(tool)
  return {
    version: String(deployed.version),
    limit: asks ? deployed.limit : undefined,
    approver: deployed.approver,
    lifetime: LIFETIME,
    useWithin: USE_WITHIN,
    perCall,
    retries,
    writes: !reads,
    writesOnlyByAccess: writesOnlyByAccess(tool),
    detailed,
    ...(usesAccount
      ? // The token of an account opens all that its user agreed to, but what needs an approval only with one.
        {
          audience: FILES,
          scopes: fileScopes,
          exemptScopes: ['files.read'],
          account: namesAccount ? 'named by the app' : 'chosen by the user',
        }
      : { audience: api, scopes: unseen ? [] : [all], exemptScopes: unseen ? [] : [small] }),
  }
}

/** The roles of the users, as the app's directory has them. */
export const rolesOf = (subject: string | undefined): readonly string[] =>
  subject === 'bob' ? ['member'] : ['member', 'treasurer']

/** Two APIs have scopes of the same name. */
const scopesOfTool = (tool: ToolName): readonly [string, string] => {
  const name = tool === 'note' || tool === 'book' ? 'entry' : tool
  return [`${name}:do`, `${name}:small`]
}
const needsRole: readonly ToolName[] = ['note', 'pay']

/** What the agent may hold at most. */
export const ceilingOf = ({ beyondCeiling }: Pick<Deployed, 'beyondCeiling'>): readonly string[] => [
  ...toolNames.filter((tool) => !beyondCeiling.includes(tool)).flatMap(scopesOfTool),
  ...fileScopes,
]

/** Why the app lets this user call the tool in no case. */
export function refusedBy(tool: ToolName, subject: string, { role, beyondCeiling }: Deployed): string | undefined {
  if (role !== undefined && needsRole.includes(tool) && !rolesOf(subject).includes(role))
    return `${subject} is no ${role}`
  return beyondCeiling.includes(tool) ? 'its scopes are above the ceiling' : undefined
}

/** What a call takes from the app, at each look. */
interface FromApp {
  readonly random: () => string
  /** Which account of the user it is to use. */
  readonly account: (subject: string) => string | undefined
}

/** The same, for the SDK. */
export function policyOf(sdk: Sdk, tool: ToolName, deployed: Deployed, { random, account }: FromApp) {
  const {
    asks,
    perCall = false,
    retries = false,
    reads = false,
    unseen = false,
    detailed = false,
    isRandom = false,
    byPhone = false,
    usesAccount = false,
    namesAccount = false,
    api = API,
  } = kinds[tool]
  const { z } = sdk
  const schema = z.strictObject({
    amount: z.number(),
    ...(isRandom && { reference: z._default(z.string(), random) }),
  })
  const { scopes, exemptScopes } = rulesOf(tool, deployed)
  const exempt = asks && { withoutApproval: exemptScopes }
  // What the person reads names the account for which this call got a token.
  let named: string | undefined
  const names = namesAccount && {
    account: ({ identity }: { identity: UserIdentity }) => {
      named = account(personOf(identity))
      return named
    },
  }
  const fileScope = asks ? 'files.write' : 'files.read'
  const credential = () =>
    usesAccount
      ? sdk.connection('files', { scopes: [fileScope], ...exempt, ...names, origins: [FILES] })
      : sdk.resource(api, { scopes, ...exempt })
  const isOnlyBy = writesOnlyByAccess(tool) && (REQUIRES_WRITES_ONLY_BY || knowsWritesOnlyBy(sdk))
  const access = unseen ? {} : { api: credential() }
  const rules = {
    version: String(deployed.version),
    timeoutMs: deployed.timeoutMs,
    effect: reads ? 'read' : 'write',
    ...(deployed.role !== undefined && needsRole.includes(tool) && { roles: [deployed.role] }),
    access,
    ...(isOnlyBy && { writesOnlyBy: 'access' }),
    ...(asks && {
      approval: {
        message: ({ input, identity }: { input: { amount: number }; identity: UserIdentity }) =>
          messageOf(identity, tool, `${input.amount}${named === undefined ? '' : ` with ${named}`}`, deployed.version),
        when: ({ input }: { input: { amount: number } }) => input.amount > deployed.limit,
        approver: () => ({ issuer: ISSUER, subject: deployed.approver }),
        ...(detailed && {
          details: ({ input }: { input: { amount: number } }) => [{ type: 'payment', amount: input.amount }],
        }),
        channel: byPhone ? 'phone' : 'pages',
        lifetimeSeconds: LIFETIME,
        useWithinSeconds: USE_WITHIN,
        ...(perCall && { perCall }),
        ...(retries && { onCrash: 'retry' }),
      },
    }),
  }
  return sdk.policy(schema, rules as object)
}

/** Who makes a call, as an approver reads it. */
export const kindOf = ({ actor, delegationId }: UserIdentity): string =>
  delegationId !== undefined ? `job ${delegationId}` : actor !== undefined ? `agent ${actor.subject}` : 'user'

function messageOf(identity: UserIdentity, tool: string, what: string, version: number): string {
  return `For ${personOf(identity)} (${kindOf(identity)} by ${identity.clientId}): ${tool} ${what}, version ${version}`
}

/** What the message says, and the words before it: such as those about an equal call in doubt. */
export function textOf(message: string): Text {
  const [, before = '', owner = '', kind = '', tool = '', amount, account, version = ''] =
    message.match(/^(.*?)For (\S+) \((.+)\): (\S+) (\d+)(?: with (\S+))?, version (\S+)$/) ?? []
  const told = { ...(account !== undefined && { account }), ...(before !== '' && { warning: before }) }
  return { owner, kind, tool, amount: Number(amount), version, ...told }
}
