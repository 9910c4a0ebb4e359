import { memoryStore, type UserIdentity } from '@behalf/core'
import { type ApprovalQuestion, approvalAnswers } from '@behalf/core/channels'
import { ciba } from '@behalf/core/ciba'
import { inAppApprovals, inAppInbox } from '@behalf/core/http'
import type { ChannelUnderTest } from '../src/contract/index.ts'
import { describeChannel } from '../src/contract/index.ts'
import { mockTarget, profileOf, type SignedLink, signedLinkApprovals, signIn } from '../src/index.ts'

/** An app whose people log in at the mocked issuer, and whose time is the test's. */
async function appWithLogins() {
  let offset = 0
  const clock = { now: () => Date.now() + offset }
  const target = await mockTarget({ algorithm: 'ES256', clock, ciba: { interval: 1 } })
  const authorizationServer = profileOf(target, target.clients.agent)
  const loggedIn = (user: 'ann' | 'bob') => signIn(target, { user: target.users[user].subject, clock })
  const [user, other] = [await loggedIn('ann'), await loggedIn('bob')]
  const store = memoryStore({ clock })
  return {
    target,
    authorizationServer,
    user,
    other,
    store,
    clock,
    wait: async (seconds: number) => {
      offset += seconds * 1000
    },
    close: () => target.close(),
  }
}

describeChannel('ciba()', {
  async create() {
    const app = await appWithLogins()
    const { controls } = app.target.authorizationServer
    const requests = new Map<string, string>()
    const open: ChannelUnderTest['open'] = async ({ questionId, message }) => {
      const found = (await controls.pendingRequests()).find(({ bindingMessage }) => bindingMessage === message)
      requests.set(questionId, found?.authReqId ?? 'none')
    }
    const answer: ChannelUnderTest['answer'] = async ({ questionId }, decision, by) => {
      const id = requests.get(questionId)
      if (decision === 'denied') return controls.deny(id)
      return controls.approve(id, by === 'other' ? { subject: app.other.subject } : {})
    }
    const forge = async (question: ApprovalQuestion) =>
      controls.approve(requests.get(question.questionId), {
        authorizationDetails: [{ type: 'stock_order', quantity: 1_000 }],
      })
    return { ...app, channel: () => ciba(), open, answer, forge }
  },
})

const ORIGIN = 'https://app.example'

describeChannel('inAppApprovals()', {
  async create() {
    const app = await appWithLogins()
    const { store, clock } = app
    const inboxOf = (identity: UserIdentity | undefined) => inAppInbox({ store, clock, identityOf: () => identity })
    const answerTokens = new Map<string, string>()
    const open: ChannelUnderTest['open'] = async ({ approvalId, questionId }) => {
      const response = await inboxOf(app.user)(new Request(`${ORIGIN}/approvals`))
      const { questions } = (await response.json()) as { questions: { id: string; answerToken: string }[] }
      answerTokens.set(questionId, questions.find(({ id }) => id === approvalId)?.answerToken ?? 'none')
    }
    const post = (identity: UserIdentity | undefined, body: object) =>
      inboxOf(identity)(
        new Request(`${ORIGIN}/approvals`, {
          method: 'POST',
          headers: { origin: ORIGIN, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      )
    const answer: ChannelUnderTest['answer'] = ({ approvalId: id, questionId }, decision, by) =>
      post(by === 'user' ? app.user : app.other, {
        id,
        answerToken: answerTokens.get(questionId),
        answer: decision === 'approved' ? 'approve' : 'deny',
      })
    const forge = async ({ approvalId: id, questionId }: ApprovalQuestion) => {
      // No user is signed in; then one is, whose session was not shown the question.
      await post(undefined, { id, answer: 'approve', answerToken: answerTokens.get(questionId) })
      return post(app.user, { id, answer: 'approve', answerToken: 'guessed' })
    }
    return { ...app, channel: () => inAppApprovals(), open, answer, forge }
  },
})

const PAGE = 'https://app.example/answer'
const secret = new Uint8Array(32).fill(5)

describeChannel('signedLinkApprovals()', {
  async create() {
    const app = await appWithLogins()
    const { authorizationServer, store, clock } = app
    const letters = new Map<string, string>()
    const urls = new Map<string, string>()
    const send = ({ message, url }: SignedLink) => void letters.set(message, url)
    const channel = () => signedLinkApprovals({ secret, page: PAGE, send })
    const open: ChannelUnderTest['open'] = async ({ questionId, message }) =>
      void urls.set(questionId, letters.get(message) ?? '')
    const take = approvalAnswers({ authorizationServer, approvals: channel(), store, clock })
    const press = (url: string | undefined, decision: string) => {
      const token = new URL(url ?? PAGE).searchParams.get('token') ?? ''
      return take(new Request(PAGE, { method: 'POST', body: new URLSearchParams({ token, decision }) }))
    }
    /** The link that a person would get about a question. */
    const linkTo = async (question: ApprovalQuestion, key: Uint8Array, approver = question.approver) => {
      let link = ''
      const keep = ({ url }: SignedLink) => {
        link = url
      }
      const sender = signedLinkApprovals({ secret: key, page: PAGE, send: keep })
      await sender.ask({ ...question, approver }, { authorizationServers: undefined as never, clock })
      return link
    }
    const answer: ChannelUnderTest['answer'] = async (question, decision, by) => {
      const { issuer, subject } = app.other
      const link = by === 'user' ? urls.get(question.questionId) : linkTo(question, secret, { issuer, subject })
      return press(await link, decision)
    }
    const forge = async (question: ApprovalQuestion) =>
      press(await linkTo(question, new Uint8Array(32).fill(6)), 'approved')
    return { ...app, channel, open, answer, forge }
  },
})
