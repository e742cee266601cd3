" `:make` verifies the spec; errors and warnings go to the quickfix list.
if exists("current_compiler") | finish | endif
let current_compiler = "mmcheck"

CompilerSet makeprg=mmcheck\ verify\ --quiet\ %:S
CompilerSet errorformat=%f:%l:%c:\ %trror[%*[^]]]:\ %m,%f:%l:%c:\ %tarning[%*[^]]]:\ %m,%-G%.%#
