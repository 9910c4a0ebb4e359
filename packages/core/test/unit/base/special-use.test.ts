import { BlockList, isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSpecialUse, namesSpecialUse } from '../../../src/base/values/index.ts'

describe('addresses of special use', () => {
  test.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.255.255', '169.254.169.254'],
    ...['172.16.0.1', '172.31.255.255', '192.0.0.8', '192.0.2.1', '192.88.99.1', '192.168.0.1', '198.18.0.1'],
    ...[
      '198.19.255.255',
      '198.51.100.1',
      '203.0.113.1',
      '224.0.0.1',
      '239.255.255.255',
      '240.0.0.1',
      '255.255.255.255',
    ],
    ...['::', '::1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'fd00::1', 'fc00::', 'ff02::1', '2001:db8::1', '2001::1'],
    ...['2002:7f00:1::', '2002:808:808::', '3fff::1', '5f00::1', '100::1', '64:ff9b:1::1', '4000::1', '1::1'],
    ...['::ffff:127.0.0.1', '::ffff:a9fe:a9fe', '::ffff:10.0.0.1', '64:ff9b::7f00:1', '64:ff9b::10.0.0.1', '::7f00:1'],
    ...['0:0:0:0:0:ffff:7f00:1', '0000:0000:0000:0000:0000:0000:0000:0001', '::127.0.0.1', '::FFFF:192.168.1.1'],
    ...[
      '',
      'x',
      '1.2.3',
      '1.2.3.4.5',
      '256.1.1.1',
      '1::2::3',
      ':1',
      '1:2:3:4:5:6:7',
      '12345::',
      '::1.2.3',
      'localhost',
    ],
  ])('%s', (address) => expect(isSpecialUse(address)).toBe(true))

  test.each([
    ...[
      '1.1.1.1',
      '8.8.8.8',
      '172.15.255.255',
      '172.32.0.1',
      '100.63.255.255',
      '100.128.0.1',
      '169.253.1.1',
      '11.0.0.1',
    ],
    ...['223.255.255.255', '198.17.255.255', '2606:4700:4700::1111', '2a00::1', '::ffff:8.8.8.8', '64:ff9b::808:808'],
    ...['2001:200::1', '2001:4860:4860::8888', '2620:fe::fe'],
  ])('not %s', (address) => expect(isSpecialUse(address)).toBe(false))

  test('reads addresses as Node does', () => {
    const blocked = new BlockList()
    for (const prefix of ['10.0.0.0/8', '127.0.0.0/8', '192.168.0.0/16']) {
      const [net = '', bits] = prefix.split('/')
      blocked.addSubnet(net, Number(bits), 'ipv4')
    }
    fc.assert(
      fc.property(
        fc.oneof(
          fc.ipV4(),
          fc.ipV6(),
          fc.ipV4().map((v4) => `::ffff:${v4}`),
        ),
        (address) => {
          if (isIP(address) === 4 && blocked.check(address)) expect(isSpecialUse(address)).toBe(true)
          // The same address in another spelling is judged alike.
          if (isIP(address) !== 6) return
          const spelled = new URL(`https://[${address}]/`).hostname.slice(1, -1)
          expect(isSpecialUse(spelled)).toBe(isSpecialUse(address))
        },
      ),
    )
  })

  test.each([
    ...['127.1', '0x7f.1', '2130706433', '017700000001', '１２７.0.0.1', '127.0.0.1.', 'localhost', 'LOCALHOST.'],
    ...['a.localhost', '[::1]', '[::ffff:169.254.169.254]', '10.0.0.1:8443', 'user@10.0.0.1'],
  ])('a host written as %s', (host) => expect(namesSpecialUse(new URL(`https://${host}/`))).toBe(true))

  test.each([
    'api.example',
    '8.8.8.8',
    '[2606:4700:4700::1111]',
    'localhost.example',
    'notlocalhost',
    '10.0.0.1.example',
  ])('not a host written as %s', (host) => expect(namesSpecialUse(new URL(`https://${host}/`))).toBe(false))
})
