import { fileURLToPath } from 'node:url'
import type { NextConfig } from 'next'

const ours = ['ai-sdk', 'core', 'example-stock-agent', 'stores'].map((name) => `@behalf/${name}`)

/** For the app's own pages. Next.js writes scripts of its own into them: those of a page are let in as well. */
const policy = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
]

const config: NextConfig = {
  distDir: '.behalf/next',
  // From source, as they lie in this repository. In an app that installs them this line is not there.
  transpilePackages: ours,
  turbopack: { root: fileURLToPath(new URL('../..', import.meta.url)) },
  // `npm run check -- types` does it, for all packages alike.
  typescript: { ignoreBuildErrors: true },
  poweredByHeader: false,
  headers: async () => [
    {
      source: '/:path*',
      headers: [
        { key: 'referrer-policy', value: 'same-origin' },
        { key: 'x-content-type-options', value: 'nosniff' },
      ],
    },
    // What `connectAccounts` answers has a stricter one, which this would replace.
    { source: '/((?!connections/).*)', headers: [{ key: 'content-security-policy', value: policy.join('; ') }] },
  ],
}

export default config
