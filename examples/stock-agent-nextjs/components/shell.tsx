import type { UserIdentity } from '@behalf/core'
import { displayText } from '@behalf/core/interrupts'
import Link from 'next/link'
import type { ReactNode } from 'react'

type Place = 'chat' | 'inbox' | 'activity' | 'accounts'

const places = [
  { place: 'chat', href: '/', label: 'Chat' },
  { place: 'inbox', href: '/inbox', label: 'Inbox' },
  { place: 'activity', href: '/activity', label: 'Activity' },
  { place: 'accounts', href: '/connections', label: 'Accounts' },
] as const satisfies readonly { place: Place; href: string; label: string }[]

/** Common frame of all pages. */
export function Shell({
  place,
  identity,
  returnTo,
  children,
}: {
  /** Place in the navigation. Absent: no place is selected. */
  readonly place?: Place
  readonly identity: UserIdentity | undefined
  /** Path to which a login returns. */
  readonly returnTo: string
  readonly children: ReactNode
}) {
  return (
    <div className="shell">
      <header className="top">
        <Link href="/" className="brand" prefetch={false}>
          Stock agent
        </Link>
        <nav aria-label="Pages">
          {places.map(({ place: name, href, label }) => (
            <Link key={name} href={href} prefetch={false} aria-current={name === place ? 'page' : undefined}>
              {label}
            </Link>
          ))}
        </nav>
        {identity === undefined ? (
          <a className="button quiet" href={`/login?returnTo=${encodeURIComponent(returnTo)}`}>
            Log in
          </a>
        ) : (
          <form action="/logout" method="post" className="who">
            <span className="name">{displayText(identity.subject)}</span>
            <button className="quiet" type="submit">
              Log out
            </button>
          </form>
        )}
      </header>
      {children}
    </div>
  )
}
