autocmd BufNewFile,BufRead *.mmc setfiletype mmcheck
