// wharf completion
import { defineCommand } from '#cli/grammar/command.ts';
import { nearest } from '#cli/grammar/nearest.ts';
import { invalid } from '#shared/errors.ts';

const bash = String.raw`# Completion of wharf for bash.
_wharf() {
  local line=${'${COMP_LINE:0:COMP_POINT}'} words current candidate prefix=
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current=${'${words[-1]}'}
  # Bash cuts words at : and =, and wants back only what comes after the cut.
  [[ $current == *[:=]* && $COMP_WORDBREAKS == *[:=]* ]] && prefix=${'${current%"${current##*[:=]}"}'}
  COMPREPLY=()
  while IFS=$'\t' read -r candidate _; do
    case $candidate in
      :files) compopt -o default 2>/dev/null; compopt -o filenames 2>/dev/null; return ;;
      *=) compopt -o nospace 2>/dev/null; COMPREPLY+=("${'${candidate#"$prefix"}'}") ;;
      ?*) COMPREPLY+=("${'${candidate#"$prefix"}'}") ;;
    esac
  done < <("${'${words[0]}'}" __complete -- "${'${words[@]:1}'}" 2>/dev/null)
}
complete -F _wharf wharf
`;

const zsh = String.raw`#compdef wharf
# Completion of wharf for zsh.
_wharf() {
  local candidate help
  local -a found
  while IFS=$'\t' read -r candidate help; do
    if [[ $candidate == :files ]]; then _files; return; fi
    found+=("${'${candidate//:/\\\\:}'}${'${help:+:$help}'}")
  done < <("${'${words[1]}'}" __complete -- "${'${(@)words[2,CURRENT]}'}" 2>/dev/null)
  _describe wharf found
}
if [[ ${'${funcstack[1]}'} == _wharf ]]; then _wharf "$@"; else compdef _wharf wharf; fi
`;

const fish = String.raw`# Completion of wharf for fish.
function __wharf_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found ($words[1] __complete -- $words[2..-1] 2>/dev/null)
  if contains -- :files $found
    __fish_complete_path (commandline -ct)
  else
    printf '%s\n' $found
  end
end
complete -c wharf -f -a '(__wharf_complete)'
`;

const scripts: Record<string, string> = { bash, fish, zsh };

export const command = defineCommand({
  usage: 'bash|zsh|fish',
  flags: {},
  args: [1, 1],
  examples: [
    'source <(wharf completion bash)',
    'wharf completion zsh > "${fpath[1]}/_wharf"',
    'wharf completion fish > ~/.config/fish/completions/wharf.fish',
  ],
  async run({ cli, args: [shell = ''] }) {
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
    if (script === undefined) {
      const near = nearest(shell, Object.keys(scripts));
      throw invalid(`no completion for ${shell}`, {
        hint: near === undefined ? 'shells are bash, fish and zsh' : `did you mean ${near}?`,
      });
    }
    cli.stdout.write(script);
  },
});
