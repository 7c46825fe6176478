# bash completion of sonata: commands, then the options that --help lists, then files.
_sonata() {
  local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
  if [ "$COMP_CWORD" = 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$(sonata --help | sed -n 's/^  \([a-z]*\) .*/\1/p') --help --version" -- "$current")
  elif [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(sonata "$command" --help 2>/dev/null | grep -oE -- '--[a-z-]+')" -- "$current")
  elif [ "$command" = board ] && [ "$COMP_CWORD" = 2 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$(sonata boards --patience 1s --json 2>/dev/null | sed -n 's/.*"id":[[:space:]]*"\(.*\)".*/\1/p')" -- "$current")
  elif [ "$command" = board ] && [ "$COMP_CWORD" = 3 ]; then
    mapfile -t COMPREPLY < <(compgen -W "drain quarantine recalibrate power-cycle release retire history" -- "$current")
  elif [ "$COMP_CWORD" = 2 ] && [[ $command =~ ^(keys|teams|uploads)$ ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(sonata "$command" --help 2>/dev/null | sed -n "1s/usage: sonata $command//p" | grep -oE '\b[a-z]+\b')" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -o filenames -F _sonata sonata
