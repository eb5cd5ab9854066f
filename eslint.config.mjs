import js from '@eslint/js'
import svelte from 'eslint-plugin-svelte'
import globals from 'globals'
import tseslint from 'typescript-eslint'
import svelteConfig from './svelte.config.mjs'

const chance = {
  object: 'Math',
  property: 'random',
  message: 'All chance comes from pipeline/optimise/chance.ts, so that a seed repeats it.'
}
const runner = '/^(it|test|describe)$/'
const focused = {
  selector: `MemberExpression[object.name=${runner}][property.name=/^(only|todo|fixme)$/]`,
  message: 'A run of the tests runs all of them.'
}
/** `test.skip(condition, reason)` says why; `test.skip('title', …)` does not. */
const skipped = {
  selector: `CallExpression[callee.object.name=${runner}][callee.property.name='skip'][arguments.0.type=/Literal$/]`,
  message: 'A test runs, or says why it cannot with skipIf or skip(condition, reason).'
}

export default tseslint.config(
  {
    ignores: ['out/', 'dist/', '.cache/', 'test-results/', '**/*_pb.ts', 'resources/', 'src/universal.d.ts']
  },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: globals.node },
    linterOptions: { reportUnusedDisableDirectives: 'error', noInlineConfig: true },
    rules: {
      'no-restricted-properties': ['error', chance],
      'no-restricted-syntax': ['error', focused, skipped],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/ban-ts-comment': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }]
    }
  },
  {
    // A promise that nobody waits for loses its failure.
    files: ['src/**/*.ts'],
    ignores: ['src/renderer/**'],
    languageOptions: { parserOptions: { project: 'tsconfig.json' } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true }
      ]
    }
  },
  {
    // In a test it also loses what was to be checked.
    files: [
      'tests/pure/**/*.ts',
      'tests/native/**/*.ts',
      'tests/long/**/*.ts',
      'bench/**/*.ts',
      'scripts/**/*.ts'
    ],
    languageOptions: { parserOptions: { project: 'tsconfig.json' } },
    rules: { '@typescript-eslint/no-floating-promises': 'error' }
  },
  {
    files: ['tests/e2e/**/*.ts'],
    languageOptions: { parserOptions: { project: 'tsconfig.e2e.json' } },
    rules: { '@typescript-eslint/no-floating-promises': 'error' }
  },
  {
    files: ['src/renderer/**', 'tests/e2e/**'],
    languageOptions: { globals: { ...globals.browser, ...globals.node } }
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: tseslint.parser, svelteConfig } },
    // Most maps here are built and read within one function; state is kept in classes with $state.
    rules: { 'svelte/prefer-svelte-reactivity': 'off' }
  },
  {
    files: ['**/*.cjs', 'scripts/setup/default-app/*.js'],
    rules: { '@typescript-eslint/no-require-imports': 'off' }
  }
)
