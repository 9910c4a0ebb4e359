'use client'

import { useEffect } from 'react'

/**
 * What settles takes no click for a second once more when the window comes to the front: the first of two clicks may have
 * closed a window of another site that lay above. Another name of the same animation begins it anew.
 */
export function Settling() {
  useEffect(() => {
    const again = () => void document.body.classList.toggle('again')
    window.addEventListener('focus', again)
    return () => window.removeEventListener('focus', again)
  }, [])
  return null
}
