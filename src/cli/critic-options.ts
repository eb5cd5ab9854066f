import { Option } from 'commander'

/** For an option that may be given several times. */
export const collect = (value: string, before: readonly string[]): string[] => [...before, value]

/** `--allow-host NAME`, as often as there are hosts: `allowHost` in a command's words. */
export const allowHostOption = (): Option =>
  new Option('--allow-host <name>', 'a host, besides this machine, that an llm: critic may send texts to')
    .argParser(collect)
    .default([], 'none')
