import type { ClientAuthentication } from '@behalf/core/spi'
import type { JWK } from 'jose'
import type { AuthorizationServerControls } from '../authorization-server/index.ts'
import type { OpenFgaControls } from '../open-fga/index.ts'
import type { StockTradeControls } from '../stock-trade/index.ts'

/**
 * Capability of a target besides discovery, code flow and refresh. A suite skips scenarios whose capability is missing,
 * and a control that needs one rejects.
 */
export type Capability =
  /** RFC 8693 with `act`. */
  | 'token-exchange'
  /** Auth0 Token Vault, with an upstream of its own; `connect` and `disconnect`. */
  | 'token-vault'
  /** `pendingRequests`, `approve`, `deny`, `expire`, `slowDown` and `answerLost`. */
  | 'ciba'
  /** `authorization_details` in backchannel requests, exchanges and tokens (RFC 9396). */
  | 'authorization-details'
  /** ID-JAG (Cross App Access): the app's issuer redeems assertions of `enterprise`. */
  | 'id-jag'
  /** `fault` works on every endpoint. */
  | 'faults'
  /** `requests` returns the requests to the servers. */
  | 'request-log'
  /** Time is the test's: fake timers and injected clocks move the server as well. */
  | 'controlled-time'

/** A client that is registered at a target, and its credentials. */
export interface TargetClient {
  /** Id of the client at its issuer. */
  readonly clientId: string
  /** Client authentication, with its secret or private key. Method `none`: a public client. */
  readonly authentication: ClientAuthentication
  /** Absent if the client has no user agent. */
  readonly redirectUri?: string
}

/** A made-up person at a target. */
export interface TargetUser {
  /** `sub` at the app's issuer. */
  readonly subject: string
  /** `sub` at the upstream of the `stocktrade` connection: another one. */
  readonly upstreamSubject: string
  /** `sub` at the employer's issuer: a third one. */
  readonly enterpriseSubject: string
  /** The portfolio that is theirs at the Stock Trade API. */
  readonly portfolio: string
}

/** A notification of CIBA's ping mode, unchanged (CIBA Core §10.2). */
export interface TargetNotification {
  /** The `Authorization` header. It was not checked. `undefined` if the request had no such header. */
  readonly authorization: string | undefined
  /** The JSON body. `undefined` if it was not JSON. */
  readonly body: unknown
}

/** An authorization server of a target. */
export interface TargetAuthorizationServer {
  /** Issuer, exactly as metadata and tokens write it. */
  readonly issuer: string
  /** Controls in place of persons and operators. */
  readonly controls: AuthorizationServerControls
  /** Returns the key that verifies tokens, for suites that check without discovery. */
  publicKey(): Promise<JWK>
}

/**
 * Servers that a protocol suite runs against: mocked in this process, or real ones over HTTP.
 *
 * A suite uses only these, so it runs unchanged on both.
 */
export interface ProtocolTarget {
  /** Name for test titles. */
  readonly name: string
  /** Capabilities of this target. Suites skip scenarios whose capability is missing. */
  readonly capabilities: ReadonlySet<Capability>
  /** The app's own issuer. */
  readonly authorizationServer: TargetAuthorizationServer
  /** The issuer behind the `stocktrade` connection. */
  readonly upstream: TargetAuthorizationServer
  /** The employer's issuer, with capability `id-jag`. Of the clients it knows `clients.agent`. */
  readonly enterprise?: TargetAuthorizationServer
  /** The clients at the app's issuer, and the app's own one at the upstream. */
  readonly clients: {
    /** The agent's client, with a secret. It is the API `agentResource`, so it may exchange tokens for it. */
    readonly agent: TargetClient
    /** The same rights, and CIBA in ping mode. */
    readonly agentWithPing: TargetClient
    /** The same rights, proved by a key. */
    readonly agentWithKey: TargetClient
    /** A confidential client that is not the agent. Its tokens must be useless to the agent, and the agent's to it. */
    readonly other: TargetClient
    /** A public client. */
    readonly public: TargetClient
    /** The app's own client at `upstream`, for a vault of the app's own. Its refresh tokens rotate. */
    readonly atUpstream: TargetClient
  }
  /** The two people of the world, at all three issuers. */
  readonly users: { readonly ann: TargetUser; readonly bob: TargetUser }
  /** Name of the agent in `act`, in OpenFGA and in the audit. */
  readonly agentName: string
  /** The identifier of the agent's own API: audience of session access tokens. */
  readonly agentResource: string
  /** Identifier of an API whose access tokens are opaque: it must introspect them. Scope `reports:read`. */
  readonly opaqueResource: string
  /** The name of the vault's connection to the upstream. */
  readonly connection: string
  /** Notifications for `clients.agentWithPing`. */
  readonly notifications: {
    readonly endpoint: string
    /** Received notifications, in order. */
    received(): Promise<readonly TargetNotification[]>
    /** Sets the handler that answers from now on, such as core's `cibaPing`. @default every request gets 204 */
    forwardTo(handler: ((request: Request) => Promise<Response>) | undefined): void
  }
  /** The Stock Trade API. */
  readonly api: {
    readonly origin: string
    /** Identifier of the API: audience of its tokens. */
    readonly resource: string
    readonly controls: StockTradeControls
  }
  /** The permission server: its address, its credentials and its controls. */
  readonly openFga: {
    readonly apiUrl: string
    readonly storeId: string
    readonly authorizationModelId: string
    readonly apiToken: string
    readonly controls: OpenFgaControls
  }
  /** Resets all servers, and links the accounts. */
  reset(): Promise<void>
  /** Ends interception, or stops the servers. */
  close(): Promise<void>
}
