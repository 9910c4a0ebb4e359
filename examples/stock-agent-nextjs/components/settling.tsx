'use client'

import { useEffect } from 'react'

/**
 * Blocks clicks for a second each time the window gets the focus: the first of two clicks may have closed a window of
 * another site above it. Another name of the same animation restarts it.
 */
export function Settling() {
  useEffect(() => {
    const again = () => void document.body.classList.toggle('again')
    window.addEventListener('focus', again)
    return () => window.removeEventListener('focus', again)
  }, [])
  return null
}
