'use client'

import { useEffect, useState } from 'react'

/** Shows how long a question stays open. Screen readers do not read it out each second. */
export function Countdown({ expiresAt }: { readonly expiresAt: number }) {
  const [left, setLeft] = useState<number>()
  useEffect(() => {
    const tick = () => setLeft(Math.max(0, Math.ceil(expiresAt - Date.now() / 1000)))
    tick()
    const timer = setInterval(tick, 1000)
    return () => clearInterval(timer)
  }, [expiresAt])
  // Not rendered on the server, whose clock differs.
  if (left === undefined) return null
  return (
    <span className={left < 30 ? 'countdown soon' : 'countdown'} aria-live="off">
      {Math.floor(left / 60)}:{String(left % 60).padStart(2, '0')} left
    </span>
  )
}
