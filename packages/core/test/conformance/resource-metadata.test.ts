import { verifies } from '@behalf/testing/requirements'
import { describe, expect } from 'vitest'
import { memoryStore } from '../../src/records/memory-store.ts'
import { bearer, makeApi, refused, useIssuer } from '../unit/resource-server/api.ts'

useIssuer()

// RFC 9728 §3.2.
const resource = 'https://resource.example.com'
const servers = ['https://as1.example.com', 'https://as2.example.net']
const scopes = ['profile', 'email', 'phone']
const place = `${resource}/.well-known/oauth-protected-resource`
const documentation = `${resource}/resource_documentation.html`
const api = makeApi({ metadata: { resource, authorizationServers: servers, scopes, documentation } })
const documentOf = async (made = api, url = place) => made.metadata(new Request(url))?.json()

describe('RFC 9728', () => {
  verifies('RFC9728-2-resource', 'the example of §3.2', async () => {
    expect(await documentOf()).toEqual({
      resource,
      authorization_servers: servers,
      bearer_methods_supported: ['header'],
      scopes_supported: scopes,
      resource_documentation: documentation,
    })
  })

  verifies('RFC9728-1.2-resource', 'and nothing else', () => {
    for (const wrong of ['http://resource.example.com', 'urn:x', `${resource}#x`, 'resource.example.com']) {
      expect(() => makeApi({ metadata: { resource: wrong } }), wrong).toThrow(/metadata.resource/)
    }
  })

  verifies('RFC9728-2-none', 'nor symmetric ones', async () => {
    expect(() => makeApi({ metadata: {}, dpop: { store: memoryStore(), algorithms: ['none'] } })).toThrow()
    const dpop = makeApi({ metadata: { resource }, dpop: { store: memoryStore() } })
    expect((await documentOf(dpop)).dpop_signing_alg_values_supported).not.toContain('none')
  })

  verifies('RFC9728-3.1-place', 'the examples of §3.1, and a query', () => {
    const at = (identifier: string) => makeApi({ metadata: { resource: identifier } }).metadataUrl
    expect(at(resource)).toBe(place)
    expect(at(`${resource}/`)).toBe(place)
    expect(at(`${resource}/resource1`)).toBe(`${place}/resource1`)
    expect(at(`${resource}/resource1?k=v`)).toBe(`${place}/resource1?k=v`)
  })

  verifies('RFC9728-3.1-get', 'and no POST', () => {
    expect(api.metadata(new Request(place))?.status).toBe(200)
    expect(api.metadata(new Request(place, { method: 'POST' }))?.status).toBe(405)
  })

  verifies('RFC9728-3.2-json', 'as JSON', () => {
    const response = api.metadata(new Request(place))
    expect([response?.status, response?.headers.get('content-type')]).toEqual([200, 'application/json'])
  })

  verifies('RFC9728-3.2-empty', 'all that were not given', async () => {
    const bare = makeApi({ metadata: { resource } })
    expect(Object.keys(await documentOf(bare)).sort()).toEqual([
      'authorization_servers',
      'bearer_methods_supported',
      'resource',
    ])
  })

  verifies('RFC9728-3.3-identical', 'character by character', async () => {
    for (const identifier of [resource, `${resource}/`, `${resource}/A?b=C`]) {
      const made = makeApi({ metadata: { resource: identifier } })
      expect((await documentOf(made, made.metadataUrl)).resource).toBe(identifier)
    }
  })

  verifies('RFC9728-5.1-challenge', 'the example of §5.1, beside our realm', async () => {
    const named = `resource_metadata="${place}"`
    expect((await refused(api.protect(new Request(`${resource}/a`)))).challenge).toBe(`Bearer realm="api", ${named}`)
    const lacking = api.protect(await bearer(), { scopes: ['x'] })
    expect((await refused(lacking)).challenge).toContain(named)
    const both = makeApi({ metadata: { resource }, dpop: { store: memoryStore() } })
    const { challenge } = await refused(both.protect(new Request(resource)))
    expect(challenge.split(named)).toHaveLength(3)
  })
})
