import { fileURLToPath } from 'node:url'
import type { NextConfig } from 'next'

const ours = ['ai-sdk', 'core', 'example-stock-agent', 'stores'].map((name) => `@behalf/${name}`)

/** Next.js brings scripts of its own into the page; nothing else may. */
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
        { key: 'content-security-policy', value: policy.join('; ') },
        { key: 'referrer-policy', value: 'same-origin' },
        { key: 'x-content-type-options', value: 'nosniff' },
      ],
    },
  ],
}

export default config
