#!/usr/bin/env node
/**
 * Stands in for fpm, which electron-builder would download: makes a deb with the system's dpkg-deb. It takes the
 * part of fpm's command line that electron-builder uses for `-s dir -t deb`.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const flags = new Set(['--force', '--debug', '--deb-no-default-config-files'])
const scripts = {
  '--before-install': 'preinst',
  '--after-install': 'postinst',
  '--before-remove': 'prerm',
  '--after-remove': 'postrm'
}

const { options, depends, files } = readArguments(process.argv.slice(2))
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'deb-'))
try {
  for (const mapping of files) place(mapping)
  writeControl()
  fs.chmodSync(folder, 0o755)
  const compression = options['--deb-compression'] === 'gz' ? 'gzip' : 'xz'
  const target = options['--package'] ?? options['-p']
  execFileSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', folder, target], {
    stdio: 'inherit'
  })
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}

function readArguments(words) {
  const options = {}
  const depends = []
  const files = []
  for (let index = 0; index < words.length; index++) {
    const word = words[index]
    const [name, ...value] = word.split('=')
    if (flags.has(word)) continue
    if (word === '-d' || word === '--depends') depends.push(words[++index])
    else if (word.startsWith('--') && value.length > 0) options[name] = value.join('=')
    else if (word.startsWith('-')) options[word] = words[++index]
    else files.push(word)
  }
  return { options, depends, files }
}

/** `SOURCE=TARGET`: a folder's content when SOURCE ends with a slash, otherwise one file. */
function place(mapping) {
  const split = mapping.lastIndexOf('=')
  const source = mapping.slice(0, split)
  const target = path.join(folder, mapping.slice(split + 1))
  if (source.endsWith('/')) {
    fs.mkdirSync(target, { recursive: true })
    execFileSync('cp', ['-a', `${source}.`, target])
  } else {
    fs.mkdirSync(path.dirname(target), { recursive: true })
    fs.copyFileSync(source, target)
    fs.chmodSync(target, 0o644)
  }
}

function writeControl() {
  const control = path.join(folder, 'DEBIAN')
  const [size] = execFileSync('du', ['-sk', '--apparent-size', folder], { encoding: 'utf8' }).split(/\s/)
  fs.mkdirSync(control)
  const fields = {
    Package: options['--name'],
    Version: options['--version'],
    Architecture: options['--architecture'],
    Maintainer: options['--maintainer'],
    'Installed-Size': size,
    Depends: depends.join(', '),
    Section: options['--category'] ?? 'science',
    Priority: 'optional',
    Homepage: options['--url'],
    Description: description(options['--description'] ?? options['--name'])
  }
  const lines = Object.entries(fields).filter(([, value]) => value)
  fs.writeFileSync(path.join(control, 'control'), lines.map(([key, value]) => `${key}: ${value}\n`).join(''))
  for (const [option, name] of Object.entries(scripts)) {
    if (!options[option]) continue
    fs.copyFileSync(options[option], path.join(control, name))
    fs.chmodSync(path.join(control, name), 0o755)
  }
}

/** The lines after the first are indented, and an empty one is a dot. */
function description(text) {
  const [first, ...rest] = text.trim().split('\n')
  return [first.trim(), ...rest.map((line) => ` ${line.trim() || '.'}`)].join('\n')
}
