// Everything that can be imported can be required, and is the same.
const assert = require('node:assert/strict')

async function main(entries) {
  for (const entry of entries) {
    const required = require(entry)
    const imported = await import(entry)
    assert.ok(Object.keys(required).length > 0, `${entry} exports nothing`)
    for (const name of Object.keys(imported)) assert.equal(required[name], imported[name], `${entry}: ${name}`)
  }
  console.log('holds')
}
main(process.argv.slice(2))
