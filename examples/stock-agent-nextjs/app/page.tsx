import { denySentences } from '@behalf/core/spi'
import * as z from 'zod'
import { Chat } from '../components/chat.tsx'
import { Shell } from '../components/shell.tsx'
import { here } from '../src/here.ts'
import { lookAt } from '../src/look-at.ts'

const Word = z.string().optional().catch(undefined)
const Query = z.object({ c: z.uuid().optional().catch(undefined), login: Word, access: Word, connect_error: Word })

export default async function ChatPage({ searchParams }: { readonly searchParams: Promise<object> }) {
  const { c, login, access, connect_error: notConnected } = Query.parse(await searchParams)
  const { app, who } = await here()
  const look = c === undefined ? undefined : await lookAt(app, who, c)
  const isHidden = c !== undefined && look === undefined && app.conversations.isTaken(c)
  const id = c === undefined || isHidden ? crypto.randomUUID() : c
  const returnTo = `/?c=${isHidden ? c : id}`
  const conversations = who.owner === undefined ? [] : app.conversations.list(who.owner)
  return (
    <Shell place="chat" identity={who.identity} returnTo={returnTo}>
      <main className="chat">
        <h1 className="said">Chat</h1>
        {login === 'failed' && <p className="notice">The login did not work. You are not signed in; try again.</p>}
        {login === 'early' && (
          <p className="notice">
            Your agent’s access was ended a moment ago. You are not signed in yet; log in again in half a minute.
          </p>
        )}
        {access === 'ended' && who.identity === undefined && (
          <p className="notice">Your agent’s access has ended. Its open requests have ended.</p>
        )}
        {notConnected !== undefined && <p className="notice">The account was not connected.</p>}
        {isHidden && who.identity === undefined && (
          <p className="notice">
            That conversation belongs to a user. <a href={`/login?returnTo=${encodeURIComponent(returnTo)}`}>Log in</a>{' '}
            to see it, if it is yours.
          </p>
        )}
        <Chat
          key={id}
          id={id}
          initial={look}
          user={who.identity?.subject}
          sentences={{
            denied: denySentences.approval_denied,
            expired: denySentences.approval_expired,
            cancelled: denySentences.approval_cancelled,
          }}
          others={conversations.filter((other) => other.id !== id)}
        />
      </main>
    </Shell>
  )
}
