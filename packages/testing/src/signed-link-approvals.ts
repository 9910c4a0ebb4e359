import { type Principal, TransportError } from '@behalf/core'
import type { PushedChannel } from '@behalf/core/channels'
import { jwtVerify, SignJWT } from 'jose'
import * as z from 'zod'
import { TestingError } from './testing-error.ts'

/** A letter that asks a person. Its link leads to a page of the app with two buttons. */
export interface SignedLink {
  /** Person who must answer. The app knows their address. */
  readonly to: Principal
  /** The question, for the letter's text. */
  readonly message: string
  /**
   * Address of the page, with `?token=…`. The page must post `token` and `decision` on a click: mail scanners open links,
   * but press no button.
   */
  readonly url: string
}

/** Options of {@link signedLinkApprovals}. */
export interface SignedLinkOptions {
  /** Key of the signatures: at least 32 bytes, the same in all processes. */
  readonly secret: Uint8Array
  /** The page that shows the question and posts the answer. */
  readonly page: string
  /** Sends the letter. When it rejects, the question counts as unsent and is sent again. */
  readonly send: (letter: SignedLink) => void | Promise<void>
}

/** Content of the link: the question, and the person who was asked. */
const Claims = z.object({
  approvalId: z.string(),
  questionId: z.string(),
  approver: z.strictObject({ issuer: z.string(), tenant: z.string().optional(), subject: z.string() }),
  jti: z.string(),
})
const Posted = z.object({ token: z.string(), decision: z.enum(['approved', 'denied']) })

const TYPE = 'approval-link+jwt'

/**
 * Asks by a signed link, in an e-mail or a chat: an approval channel outside of `@behalf/core`.
 *
 * The link is the proof. A person who forwards it lets another person answer. For more important actions, let the page
 * sign the person in, and return their verified identity as the approver.
 *
 * @throws TestingError The secret is shorter than 32 bytes.
 */
export function signedLinkApprovals({ page, send, ...given }: SignedLinkOptions): PushedChannel {
  // Copied: its owner may wipe it, or fill it in again.
  const secret = Uint8Array.from(given.secret)
  if (secret.length < 32) throw new TestingError('signedLinkApprovals.secret: give at least 32 bytes')
  return {
    specificationVersion: 2,
    async ask({ approvalId, questionId, approver, message, expiresAt }) {
      const token = await new SignJWT({ approvalId, questionId, approver: { ...approver } })
        .setProtectedHeader({ alg: 'HS256', typ: TYPE })
        .setAudience(page)
        .setJti(crypto.randomUUID())
        .setExpirationTime(Math.floor(expiresAt))
        .sign(secret)
      try {
        await send({ to: approver, message, url: `${page}?${new URLSearchParams({ token })}` })
      } catch (cause) {
        throw new TransportError('the letter was not sent', { cause })
      }
      return { state: {} }
    },
    async verify(request, { clock }) {
      if (!(request instanceof Request) || request.method !== 'POST')
        throw new TestingError('give the POST of the page')
      const { token, decision } = Posted.parse(Object.fromEntries(await request.formData()))
      const currentDate = new Date(clock.now())
      const options = { algorithms: ['HS256'], typ: TYPE, audience: page, currentDate }
      const { approvalId, questionId, approver, jti } = Claims.parse((await jwtVerify(token, secret, options)).payload)
      const { issuer, tenant, subject } = approver
      return {
        approvalId,
        questionId,
        approver: { issuer, subject, ...(tenant !== undefined && { tenant }) },
        decision,
        evidence: { method: 'signed_link', jti },
        at: clock.now() / 1000,
      }
    },
  }
}
