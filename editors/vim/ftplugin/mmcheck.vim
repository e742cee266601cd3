" Specs of mmcheck: comments, indentation, and `:make` to verify.
if exists("b:did_ftplugin") | finish | endif
let b:did_ftplugin = 1

setlocal commentstring=//\ %s comments=:///,:// suffixesadd=.mmc
setlocal expandtab shiftwidth=4 softtabstop=4 cindent cinkeys-=: cinoptions+=L0
setlocal include=^\\s*import includeexpr=v:fname.'.mmc'
compiler mmcheck

let b:undo_ftplugin = "setlocal commentstring< comments< suffixesadd< expandtab< shiftwidth< softtabstop<"
      \ . " cindent< cinkeys< cinoptions< include< includeexpr< makeprg< errorformat<"
