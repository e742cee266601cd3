-- memfd_pins for rumur. run.py sets the two constants.
-- With --symmetry-reduction off the scalarsets are ranges.

const
  TASKS: 2;
  PAGES: 2;

type
  Task: scalarset(TASKS);
  Page: scalarset(PAGES);
  Data: enum { old, new };

var
  mapped: array[Task] of boolean;
  writable: array[Task] of boolean;
  pinned: array[Task] of array[Page] of boolean;
  data: array[Page] of Data;
  sealed: boolean;

startstate begin
  for t: Task do
    mapped[t] := false;
    writable[t] := false;
    for p: Page do pinned[t][p] := false; end;
  end;
  for p: Page do data[p] := old; end;
  sealed := false;
end;

ruleset t: Task do
  rule "map_readable" !mapped[t] ==> begin
    mapped[t] := true;
  end;

  rule "map_writable" !mapped[t] & !sealed ==> begin
    mapped[t] := true;
    writable[t] := true;
  end;

  rule "make_readable" writable[t] ==> begin
    writable[t] := false;
  end;

  rule "make_writable" mapped[t] & !writable[t] & !sealed ==> begin
    writable[t] := true;
  end;

  rule "unmap" mapped[t] ==> begin
    mapped[t] := false;
    writable[t] := false;
  end;
end;

ruleset t: Task; p: Page do
  rule "pin" writable[t] & !pinned[t][p] ==> begin
    pinned[t][p] := true;
  end;

  rule "unpin" pinned[t][p] ==> begin
    pinned[t][p] := false;
  end;
end;

ruleset t: Task; p: Page; d: Data do
  rule "store" writable[t] & data[p] != d ==> begin
    data[p] := d;
  end;

  rule "dma" pinned[t][p] & data[p] != d ==> begin
    data[p] := d;
  end;
end;

rule "seal"
  !sealed & forall t: Task do !writable[t] & forall p: Page do !pinned[t][p] end end
==> begin
  sealed := true;
end;

invariant "sealed_file_has_no_writer"
  sealed -> forall t: Task do !writable[t] & forall p: Page do !pinned[t][p] end end;
