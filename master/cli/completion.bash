# bash completion of sonata: the client itself knows what may stand where.
_sonata() {
  local word answer
  mapfile -t answer < <(sonata --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  word=${COMP_WORDS[COMP_CWORD]}
  case ${answer[0]-} in
  :file) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
  :folder) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
  *) mapfile -t COMPREPLY < <(for a in "${answer[@]}"; do [[ $a == "$word"* ]] && printf '%s\n' "$a"; done) ;;
  esac
}
complete -o filenames -F _sonata sonata
