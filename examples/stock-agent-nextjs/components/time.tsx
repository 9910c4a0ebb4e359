'use client'

import { useEffect, useState } from 'react'

/** A moment, in the words of whoever reads it. */
export function Time({ at }: { readonly at: number }) {
  const [text, setText] = useState('')
  // The server does not know the reader's clock and language.
  useEffect(() => setText(new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })), [at])
  return <time dateTime={new Date(at).toISOString()}>{text}</time>
}
