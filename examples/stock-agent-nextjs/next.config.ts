import { fileURLToPath } from 'node:url'
import type { NextConfig } from 'next'

const ours = ['ai-sdk', 'core', 'example-stock-agent', 'stores'].map((name) => `@behalf/${name}`)

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
    // Pages have theirs from `proxy.ts`. Data is no page, whatever it is taken for; and what is not found among the
    // framework's files is answered with a page that `proxy.ts` does not see.
    ...['/api/:path*', '/_next/:path*'].map((source) => ({
      source,
      headers: [{ key: 'content-security-policy', value: "default-src 'none'; frame-ancestors 'none'" }],
    })),
  ],
}

export default config
