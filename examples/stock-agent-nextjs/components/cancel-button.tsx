'use client'

import { useRouter } from 'next/navigation'
import { useState } from 'react'

/** Ends an own question. */
export function CancelButton({ id, message }: { readonly id: string; readonly message: string }) {
  const [isBusy, setBusy] = useState(false)
  const router = useRouter()
  const cancel = async () => {
    setBusy(true)
    await fetch(`/api/approvals/${id}/cancel`, { method: 'POST' }).catch(() => undefined)
    router.refresh()
    setBusy(false)
  }
  return (
    <p className="actions">
      <button type="button" className="quiet" disabled={isBusy} onClick={() => void cancel()}>
        Cancel<span className="said"> {message}</span>
      </button>
    </p>
  )
}
