import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename } from 'node:path'
import type { Packed } from '../gates/packed-packages.ts'

export interface PackageServer {
  /** Address for `@behalf:registry` in `.npmrc`. */
  readonly url: string
  close(): void
}

/**
 * Starts an npm registry on loopback that serves only the output of `pnpm pack`.
 *
 * So the commands of the READMEs can be run as they are, before anything is published. It is read only.
 */
export async function servePackages(packed: readonly Packed[]): Promise<PackageServer> {
  const tarballs = new Map(packed.map(({ tarball }) => [basename(tarball), tarball]))
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1)
    const tarball = tarballs.get(path)
    if (tarball !== undefined) {
      response.end(readFileSync(tarball))
      return
    }
    const found = packed.find(({ name }) => name === path)
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(found === undefined ? {} : describe(found, `http://${request.headers.host}`)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Returns a registry's document for a package with one version. */
function describe({ name, manifest, tarball }: Packed, origin: string) {
  const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
  const dist = { tarball: `${origin}/${basename(tarball)}`, integrity }
  return {
    name,
    'dist-tags': { latest: manifest.version },
    versions: { [manifest.version]: { ...manifest, dist } },
  }
}
