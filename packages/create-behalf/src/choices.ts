/** A framework whose tools are guarded. */
export interface Framework {
  readonly label: string
  /** Packages that its template imports, besides those of every app. */
  readonly packages: readonly string[]
}

export const frameworks = {
  plain: { label: 'None: plain functions and jobs', packages: [] },
  'ai-sdk': { label: 'Vercel AI SDK', packages: ['@behalf/ai-sdk', 'ai'] },
  langchain: {
    label: 'LangChain',
    packages: ['@behalf/langchain', '@langchain/core', '@langchain/langgraph', 'langchain'],
  },
  mastra: { label: 'Mastra', packages: ['@behalf/mastra', '@mastra/core'] },
  'openai-agents': { label: 'OpenAI Agents', packages: ['@behalf/openai-agents', '@openai/agents'] },
  'claude-agent-sdk': {
    label: 'Claude Agent SDK',
    packages: ['@behalf/claude-agent-sdk', '@anthropic-ai/claude-agent-sdk'],
  },
  mcp: { label: 'MCP: a server of tools', packages: ['@behalf/mcp', '@modelcontextprotocol/server'] },
} as const satisfies Readonly<Record<string, Framework>>

/** A place where users log in. */
export interface Provider {
  readonly label: string
  /** Lines of `.env`: each setting with what to enter. Empty: the app needs none. */
  readonly settings: Readonly<Record<string, string>>
}

export const providers = {
  sandbox: { label: 'Sandbox: on this machine, without an account', settings: {} },
  auth0: {
    label: 'Auth0',
    settings: {
      AUTH0_DOMAIN: 'Your tenant or custom domain, such as tenant.eu.auth0.com',
      CLIENT_ID: 'Applications > Create Application > Native, with the grant type Device Code',
      AUDIENCE: 'Applications > APIs > Create API: its identifier, such as https://agent.example.com',
    },
  },
  okta: {
    label: 'Okta',
    settings: {
      OKTA_DOMAIN: 'Your org, such as example.okta.com',
      OKTA_AUTHORIZATION_SERVER: 'Security > API > Authorization Servers: its id, or default',
      CLIENT_ID: 'Create App Integration > OIDC > Native Application, with the grant type Device Authorization',
      AUDIENCE: "The authorization server's audience, such as api://default",
    },
  },
  keycloak: {
    label: 'Keycloak',
    settings: {
      KEYCLOAK_URL: 'Such as https://id.example.com',
      KEYCLOAK_REALM: 'The name of the realm',
      CLIENT_ID: 'Clients > Create client, with OAuth 2.0 Device Authorization Grant on and Client authentication off',
      AUDIENCE: 'The same client id. Add an Audience mapper to the client, which includes the client itself',
    },
  },
  entra: {
    label: 'Entra',
    settings: {
      ENTRA_TENANT_ID: 'The id of your directory',
      CLIENT_ID: 'App registrations > New registration: its application id. Allow public client flows',
      AUDIENCE: 'The same application id. Set requestedAccessTokenVersion to 2 in its manifest',
      ENTRA_SCOPE: 'Expose an API > Add a scope, such as api://APPLICATION-ID/Chat',
    },
  },
  oidc: {
    label: 'Another OpenID Connect provider',
    settings: {
      ISSUER: 'The issuer, exactly as its tokens have it, such as https://login.example.com',
      CLIENT_ID: 'A public client that may use the device flow',
      AUDIENCE: "The audience of the agent's access tokens",
    },
  },
} as const satisfies Readonly<Record<string, Provider>>

export type FrameworkName = keyof typeof frameworks
export type ProviderName = keyof typeof providers

/** The answers from which an app is written. */
export interface Choices {
  readonly folder: string
  readonly framework: FrameworkName
  readonly provider: ProviderName
}

/** Returns the names of a table, in its order. */
export const namesOf = <Name extends string>(table: Readonly<Record<Name, unknown>>): Name[] =>
  Object.keys(table) as Name[]
