import { parseArgs } from 'node:util'
import { faults, Printer, runDemo, wantsColour } from '@behalf/example-stock-agent/demo'
import { langChainAgent } from './agent.ts'
import { chooseModel } from './model.ts'
import { restart } from './restart.ts'

const usage = `node src/main.ts [--interactive] [--fault ${faults.join('|')}]

  --interactive  asks you for the answers of level 4
  --fault        breaks the mocked servers, so that the demo's own checks fail (exit code 1)

  OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL  a real model, also a local one that speaks OpenAI's protocol`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { interactive: { type: 'boolean' }, fault: { type: 'string' }, help: { type: 'boolean' } },
  })
  const fault = faults.find((name) => name === values.fault)
  if (values.help === true || fault !== values.fault) {
    process.stdout.write(`${usage}\n`)
    return values.help === true ? 0 : 2
  }
  const printer = new Printer(
    (text) => process.stdout.write(text),
    wantsColour(process.stdout.isTTY === true, process.env.NO_COLOR),
  )
  const model = chooseModel(process.env)
  printer.line(printer.paint('bold', 'Behalf: the stock agent on LangChain'))
  printer.line(`The model is ${model.name}.`)
  printer.line(
    'All servers run in this process (@behalf/testing), and their clock skips the time that a person would need.',
  )
  const isRight = await runDemo({
    printer,
    interactive: values.interactive === true,
    fault,
    makeAgent: (options) => langChainAgent(options, model),
    parts: [restart(model)],
  })
  return isRight ? 0 : 1
}

process.exitCode = await main()
