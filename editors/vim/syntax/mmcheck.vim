" Colours for specs of mmcheck. Written by editors/highlighting.py: change that.
if exists("b:current_syntax") | finish | endif

syntax keyword mmcheckDeclaration const def enum fair import init local override process sort spec state step strong struct transition volatile
highlight default link mmcheckDeclaration StorageClass
syntax keyword mmcheckProperty always assume check deadlock eventually invariant liveness reachable scenario
highlight default link mmcheckProperty Keyword
syntax keyword mmcheckStatement assert choose else exit goto if let require reset where
highlight default link mmcheckStatement Statement
syntax keyword mmcheckQuantifier count exists forall
highlight default link mmcheckQuantifier Repeat
syntax keyword mmcheckOperator at by in
highlight default link mmcheckOperator Operator
syntax keyword mmcheckType bool set
highlight default link mmcheckType Type
syntax keyword mmcheckConstant any false null true
highlight default link mmcheckConstant Constant
syntax match mmcheckProperty '\<deadlock\s\+free\>'
syntax match mmcheckProperty '\<no\s\+model\s\+error\>'
syntax match mmcheckProperty '^\s*\zs\(expect\|only\|blocked\)\>'
syntax match mmcheckVerdict '\<\(holds\|violated\|unknown\|steps\)\>\ze[^=]*;'
highlight default link mmcheckVerdict Special
syntax match mmcheckNumber '\<\d\+\>'
highlight default link mmcheckNumber Number
syntax match mmcheckName '\(\<\(transition\|process\|step\|def\)\s\+\)\@<=\h\w*\(\.\h\w*\)\?'
highlight default link mmcheckName Function
syntax match mmcheckComment '//.*$' contains=mmcheckTodo,@Spell
syntax match mmcheckDocumentation '///\(/\)\@!.*$' contains=mmcheckTodo,@Spell
syntax keyword mmcheckTodo TODO FIXME XXX contained
highlight default link mmcheckComment Comment
highlight default link mmcheckDocumentation SpecialComment
highlight default link mmcheckTodo Todo

let b:current_syntax = "mmcheck"
