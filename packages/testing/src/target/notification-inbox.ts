import type { TargetNotification } from './protocol-target.ts'

/** The client's own endpoint for CIBA's ping mode: accepts and stores notifications. */
export interface NotificationInbox {
  /** Accepts a notification with 204, and never redirects (CIBA Core §10.2). */
  take(request: Request): Promise<Response>
  /** Returns the notifications in order of arrival. Their bearer tokens were not checked. */
  received(): Promise<readonly TargetNotification[]>
  /** Uses a handler for answers from now on, such as core's `cibaPing`. With `undefined`, answers 204 again. */
  forwardTo(handler: ((request: Request) => Promise<Response>) | undefined): void
  /** Removes the notifications and the handler. */
  clear(): void
}

/** Makes an endpoint that accepts every notification. Its reader checks the bearer token. */
export function createNotificationInbox(): NotificationInbox {
  let notifications: readonly TargetNotification[] = []
  let forward: ((request: Request) => Promise<Response>) | undefined
  return {
    async take(request) {
      const authorization = request.headers.get('authorization') ?? undefined
      const body: unknown = await request
        .clone()
        .json()
        .catch(() => undefined)
      notifications = [...notifications, { authorization, body }]
      return forward === undefined ? new Response(null, { status: 204 }) : forward(request)
    },
    received: async () => notifications,
    forwardTo(handler) {
      forward = handler
    },
    clear() {
      notifications = []
      forward = undefined
    },
  }
}
