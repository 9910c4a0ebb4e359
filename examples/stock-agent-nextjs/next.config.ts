import { fileURLToPath } from 'node:url'
import type { NextConfig } from 'next'

const ours = ['ai-sdk', 'core', 'example-stock-agent', 'stores'].map((name) => `@behalf/${name}`)

const config: NextConfig = {
  distDir: '.behalf/next',
  // Compiles from source, as in this repository. An app with installed packages does not need this line.
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
    // `proxy.ts` sets the headers of pages. Data must not be treated as a page. A missing framework file is answered
    // with a page that `proxy.ts` does not see.
    ...['/api/:path*', '/_next/:path*'].map((source) => ({
      source,
      headers: [{ key: 'content-security-policy', value: "default-src 'none'; frame-ancestors 'none'" }],
    })),
  ],
}

export default config
