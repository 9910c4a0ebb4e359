'use client'

import { useCallback, useEffect, useState } from 'react'

/** Question as the inbox sends it. Message and fields are for display; the details themselves are ignored. */
interface Question {
  readonly id: string
  readonly message: string
  readonly fields: readonly (readonly { readonly name: string; readonly value: string }[])[]
  readonly expiresAt: number
  readonly answerToken: string
}

const SECONDS = 3
/**
 * Time for which the buttons ignore clicks after the list changed, in milliseconds: another question may be under the
 * pointer.
 */
const STILL_MS = 1000

/**
 * Questions of others' agents to this person. They can only read the message and its details, and answer.
 * @param user - User of the page. After another login in this browser, it shows and answers none of their questions.
 */
export function Questions({ user }: { readonly user: string }) {
  const [questions, setQuestions] = useState<readonly Question[]>([])
  const [said, setSaid] = useState('')
  const inbox = `/api/inbox?${new URLSearchParams({ user })}`
  const refresh = useCallback(async () => {
    const response = await fetch(inbox).catch(() => undefined)
    if (response?.ok) setQuestions(((await response.json()) as { readonly questions: Question[] }).questions)
    if (response?.status === 401) setQuestions([])
  }, [inbox])
  useEffect(() => {
    void refresh()
    const timer = setInterval(refresh, SECONDS * 1000)
    return () => clearInterval(timer)
  }, [refresh])
  const shown = questions.map(({ id }) => id).join()
  const [settled, setSettled] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setSettled(shown), STILL_MS)
    return () => clearTimeout(timer)
  }, [shown])
  const answer = async ({ id, message, answerToken }: Question, verdict: 'approve' | 'deny') => {
    const response = await fetch(inbox, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id, answer: verdict, answerToken }),
    }).catch(() => undefined)
    const past = verdict === 'approve' ? 'approved' : 'denied'
    setSaid(response?.ok ? `${message}: ${past}.` : `${message}: not answered. It may have expired.`)
    await refresh()
  }
  return (
    <section aria-labelledby="asked" className={questions.length === 0 && said === '' ? 'said' : undefined}>
      <h2 id="asked">Waiting for your approval</h2>
      <p role="status">{said}</p>
      {questions.map((question) => (
        <article key={question.id} className="card waiting" aria-label={question.message}>
          <h3>{question.message}</h3>
          {question.fields.map((fields) => (
            <dl key={JSON.stringify(fields)}>
              {fields.map(({ name, value }) => (
                <div key={name} className="pair">
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          ))}
          <p className={settled === shown ? 'actions settling' : 'actions settling still'}>
            <button type="button" onClick={() => void answer(question, 'deny')}>
              Deny
            </button>
            <button type="button" className="main" onClick={() => void answer(question, 'approve')}>
              Approve
            </button>
          </p>
        </article>
      ))}
    </section>
  )
}
