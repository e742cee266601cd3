"""x"""
from __future__ import annotations
class Recovery:
    def __init__(self, source, tables, builder, collector):
        self.tables=tables; self.actions=tables.actions(builder); self.collector=collector; self.source=source
    def declarations(self, chunk):
        from lark.exceptions import UnexpectedToken
        from mmcheck.syntax.lexer import Token
        from mmcheck.source import Span
        from mmcheck.syntax import ast
        p=self.tables.parser(self.actions)
        try:
            for t in chunk: p.feed_token(t)
            return [p.feed_token(Token("$END","",0,0))]
        except UnexpectedToken as e:
            t=e.token
            self.collector.add("E100", f"unexpected {t.text}", Span(self.source,t.start,t.end), "")
            return [ast.BrokenDecl(frozenset(t.text for t in chunk if t.type=="NAME"), span=Span(self.source,chunk[0].start,chunk[-1].end))]
