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
export async function page({ title, body, script, status = 200, leavesTheSite = false }: PageParts): Promise<Response> {
  const run = script === undefined ? stillAgain : `${stillAgain}\n${script}`
  const text = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${raw(style)}</style>
</head>
<body>
<div class="page">
${body}
</div>
<script>${raw(run)}</script>
</body>
</html>
`
  return new Response(String(text), { status, headers: headersOf(run, script !== undefined, leavesTheSite) })
}

function headersOf(run: string, connects: boolean, leavesTheSite: boolean): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    `script-src '${hashOf(run)}'`,
    ...(connects ? ["connect-src 'self'"] : []),
    'img-src data:',
    "frame-ancestors 'none'",
    "base-uri 'none'",
    // Chromium counts where a form's answer redirects to as well.
    ...(leavesTheSite ? [] : ["form-action 'self'"]),
  ]
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    // With `no-referrer` browsers send `Origin: null`, and the check of it would refuse our own forms.
    'referrer-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
  }
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

/** Two letters for a face. */
export function initials(name: string): string {
  return name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => word.charAt(0).toUpperCase())
    .join('')
}
