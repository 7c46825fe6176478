#compdef sonata
# zsh completion of sonata: the client itself knows what may stand where.
_sonata() {
  local -a answer
  answer=("${(@f)$(sonata --complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  case ${answer[1]} in
  :file) _files ;;
  :folder) _files -/ ;;
  *) compadd -- "${answer[@]}" ;;
  esac
}
_sonata "$@"
