/** Settings of a deployment, including secrets. A browser gets none of them. */
export interface Settings {
  /** Origin at which browsers find the app. */
  readonly origin: string
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** Audience of the users' access tokens: the agent. */
  readonly audience: string
  readonly agentName: string
  readonly openFga: {
    readonly apiUrl: string
    readonly storeId: string
    readonly authorizationModelId: string
    readonly apiToken: string
  }
  /** The app's own client at the exchange, where users link their accounts. */
  readonly accounts: { readonly issuer: string; readonly clientId: string; readonly clientSecret: string }
  /** Folder of the SQLite files. Only one process may use it at a time. */
  readonly directory: string
  readonly keys: { readonly seal: readonly [string]; readonly index: string }
  /** Maximum lifetime of a login, whatever its tokens say, in seconds. @default 8 hours */
  readonly sessionSeconds: number
  /** A model behind an OpenAI-compatible API. Absent: the scripted planner. */
  readonly model: { readonly baseUrl: string; readonly apiKey: string | undefined; readonly name: string } | undefined
  /** Address for audit events at the sandbox's console, and its key. Absent in production. */
  readonly reports: { readonly url: string; readonly key: string } | undefined
  /** Time limit for one step of the model, including its tools, in seconds. @default 60 */
  readonly modelSeconds: number
}

/** Reads the environment. `web/main.ts` sets all of it for the sandbox. */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const of = (name: string): string => {
    const value = environment[name]
    if (value === undefined || value === '') throw new TypeError(`${name} is not set: see the README for what it is`)
    return value
  }
  return {
    origin: originOf(of('APP_ORIGIN')),
    issuer: of('ISSUER'),
    clientId: of('CLIENT_ID'),
    clientSecret: of('CLIENT_SECRET'),
    audience: of('AGENT_AUDIENCE'),
    agentName: of('AGENT_NAME'),
    openFga: {
      apiUrl: of('FGA_API_URL'),
      storeId: of('FGA_STORE_ID'),
      authorizationModelId: of('FGA_MODEL_ID'),
      apiToken: of('FGA_API_TOKEN'),
    },
    accounts: {
      issuer: of('ACCOUNTS_ISSUER'),
      clientId: of('ACCOUNTS_CLIENT_ID'),
      clientSecret: of('ACCOUNTS_CLIENT_SECRET'),
    },
    directory: of('DATA_DIRECTORY'),
    keys: { seal: [of('SEAL_KEY')], index: of('INDEX_KEY') },
    sessionSeconds: Number(environment.SESSION_SECONDS || 8 * 3600),
    model: modelIn(environment),
    reports: reportsIn(environment),
    modelSeconds: Number(environment.MODEL_SECONDS || 60),
  }
}

function modelIn({ OPENAI_BASE_URL: url, OPENAI_API_KEY: apiKey, OPENAI_MODEL: name }: NodeJS.ProcessEnv) {
  if (!url && !apiKey) return undefined
  return { baseUrl: url || 'https://api.openai.com/v1', apiKey: apiKey || undefined, name: name || 'gpt-4o-mini' }
}

function reportsIn({ REPORTS_URL: url, REPORTS_KEY: key }: NodeJS.ProcessEnv) {
  return url && key ? { url, key } : undefined
}

/** Reads the origin. Over plain http, any party on the network could take a session. */
function originOf(text: string): string {
  const { protocol, origin } = new URL(text)
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(text))) return origin
  throw new TypeError('APP_ORIGIN is not https: plain http is for loopback alone')
}

/** Returns whether a URL is on loopback: the sandbox's servers are, over plain http. */
export const isLoopback = (url: string): boolean => ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname)
