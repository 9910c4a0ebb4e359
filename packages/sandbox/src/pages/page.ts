import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import { style } from './style.ts'

/** Text that is safe in HTML: made by `html` alone. */
export type Markup = ReturnType<typeof html>

/** Holds answers still again when the window gets the focus: another name of the same animation restarts it. */
const stillAgain = `addEventListener('focus', () => document.documentElement.classList.toggle('again'))`

export interface PageParts {
  /** Title of the window. */
  readonly title: string
  readonly body: Markup
  /** Further style of this page. @default none */
  readonly look?: string
  /** Script of the page. Scripts run only by their hash. @default answers take no click for a moment, and no more */
  readonly script?: string
  readonly status?: number
  /** Whether a form may end at another site, as a login does. @default false */
  readonly leavesTheSite?: boolean
}

/**
 * A page as a response.
 *
 * No other page may frame it, only its own style and script run in it, and no cache stores it.
 */
export async function page(parts: PageParts): Promise<Response> {
  const { title, body, script, look = '', status = 200, leavesTheSite = false } = parts
  const styled = `${style}${look}`
  const run = script === undefined ? stillAgain : `${stillAgain}\n${script}`
  const text = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${raw(styled)}</style>
</head>
<body>
<div class="page">
${body}
</div>
<script>${raw(run)}</script>
</body>
</html>
`
  return new Response(String(text), {
    status,
    headers: headersOf({ run, styled, connects: script !== undefined, leavesTheSite }),
  })
}

/** Returns a page with one message. */
export async function notePage(title: string, text: string, status: number): Promise<Response> {
  const body = html`<header><h1>${title}</h1></header><main><div class="card"><p>${text}</p></div></main>`
  return page({ title, body, status })
}

interface Policy {
  readonly run: string
  readonly styled: string
  readonly connects: boolean
  readonly leavesTheSite: boolean
}

function headersOf({ run, styled, connects, leavesTheSite }: Policy): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    `style-src '${hashOf(styled)}'`,
    `script-src '${hashOf(run)}'`,
    ...(connects ? ["connect-src 'self'"] : []),
    'img-src data:',
    "frame-ancestors 'none'",
    "base-uri 'none'",
    // Chromium also checks the address to which a form's response redirects.
    ...(leavesTheSite ? [] : ["form-action 'self'"]),
  ]
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    // With `no-referrer`, browsers send `Origin: null`, and the check of the origin would refuse the sandbox's own
    // forms.
    'referrer-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
  }
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

/** Returns the time of day, to the second. */
export function timeOf(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
}

/** Returns two letters for an avatar. */
export function initials(name: string): string {
  return name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => word.charAt(0).toUpperCase())
    .join('')
}
