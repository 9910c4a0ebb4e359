'use client'

import { useEffect, useState } from 'react'

/** A time, in the reader's time zone and language. */
export function Time({ at }: { readonly at: number }) {
  const [text, setText] = useState('')
  // The server does not know the reader's clock and language.
  useEffect(() => setText(new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })), [at])
  return <time dateTime={new Date(at).toISOString()}>{text}</time>
}
