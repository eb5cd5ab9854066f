import { matchKeybindingPress, parseKeybinding } from 'tinykeys'

const apple = typeof navigator === 'object' && /Mac/.test(navigator.platform)

const names: Readonly<Record<string, string>> = {
  $mod: apple ? '⌘' : 'Ctrl',
  Control: 'Ctrl',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  Delete: 'Del',
  ' ': 'Space'
}

/** `$mod+Shift+z` as its keycaps: Ctrl, Shift, Z. An optional modifier is part of the letter and is not shown. */
export function keycaps(binding: string): string[] {
  return binding
    .split('+')
    .filter((part) => part !== '' && !part.startsWith('['))
    .map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part))
}

/** Whether an event is the one press that a binding names. */
export function pressed(event: KeyboardEvent, binding: string): boolean {
  return parseKeybinding(binding).length === 1 && matchKeybindingPress(event, parseKeybinding(binding)[0])
}

/** Whether plain letters go into a text here. The answer itself is read only and takes letters as commands. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'range'].includes(target.type))
  )
}
