-- page_faults for rumur. run.py sets the two constants.
-- With --symmetry-reduction off the scalarsets are ranges.

const
  TASKS: 1;
  PAGES: 2;

type
  Task: scalarset(TASKS);
  Page: scalarset(PAGES);
  Cache: enum { absent, clean, dirty, writeback };
  Pte: enum { none, read_only, writable };
  Fault: enum { f_lookup, f_lock, f_check_size, f_map, f_unlock };
  WriteBack: enum { w_lock, w_protect, w_submit, w_end_io };
  Truncate: enum { t_lower_size, t_unmap, t_lock, t_unmap_again, t_remove, t_raise_size };

-- A page that is undefined stands for null.
var
  cache: array[Page] of Cache;
  pte: array[Task] of array[Page] of Pte;
  locked: array[Page] of boolean;
  beyond: array[Page] of boolean;
  fault: array[Task] of Fault;
  page: array[Task] of Page;
  write_back: array[Page] of WriteBack;
  truncate: array[Page] of Truncate;

startstate begin
  for p: Page do
    cache[p] := absent;
    locked[p] := false;
    beyond[p] := false;
    write_back[p] := w_lock;
    truncate[p] := t_lower_size;
    for t: Task do pte[t][p] := none; end;
  end;
  for t: Task do
    fault[t] := f_lookup;
    undefine page[t];
  end;
end;

ruleset t: Task; p: Page do
  rule "fault.lookup" fault[t] = f_lookup & !beyond[p] & pte[t][p] = none ==> begin
    page[t] := p;
    fault[t] := f_lock;
  end;
end;

ruleset t: Task do
  rule "fault.lock" fault[t] = f_lock & !locked[page[t]] ==> begin
    locked[page[t]] := true;
    fault[t] := f_check_size;
  end;

  rule "fault.check_size" fault[t] = f_check_size ==> begin
    if beyond[page[t]] then
      locked[page[t]] := false;
      undefine page[t];
      fault[t] := f_lookup;
    else
      if cache[page[t]] = absent then cache[page[t]] := clean; end;
      fault[t] := f_map;
    end;
  end;

  rule "fault.map" fault[t] = f_map ==> begin
    pte[t][page[t]] := read_only;
    fault[t] := f_unlock;
  end;

  rule "fault.unlock" fault[t] = f_unlock ==> begin
    locked[page[t]] := false;
    undefine page[t];
    fault[t] := f_lookup;
  end;
end;

ruleset t: Task; p: Page do
  rule "make_writable" pte[t][p] = read_only & !locked[p] & cache[p] != writeback ==> begin
    pte[t][p] := writable;
    cache[p] := dirty;
  end;

  rule "unmap" pte[t][p] != none ==> begin
    pte[t][p] := none;
  end;
end;

ruleset p: Page do
  rule "write_back.lock" write_back[p] = w_lock & !locked[p] & cache[p] = dirty ==> begin
    locked[p] := true;
    write_back[p] := w_protect;
  end;

  rule "write_back.protect" write_back[p] = w_protect ==> begin
    for t: Task do
      if pte[t][p] = writable then pte[t][p] := read_only; end;
    end;
    write_back[p] := w_submit;
  end;

  rule "write_back.submit" write_back[p] = w_submit ==> begin
    cache[p] := writeback;
    locked[p] := false;
    write_back[p] := w_end_io;
  end;

  rule "write_back.end_io" write_back[p] = w_end_io ==> begin
    cache[p] := clean;
    write_back[p] := w_lock;
  end;

  rule "truncate.lower_size" truncate[p] = t_lower_size ==> begin
    beyond[p] := true;
    truncate[p] := t_unmap;
  end;

  rule "truncate.unmap" truncate[p] = t_unmap ==> begin
    for t: Task do pte[t][p] := none; end;
    truncate[p] := t_lock;
  end;

  rule "truncate.lock" truncate[p] = t_lock & !locked[p] & cache[p] != writeback ==> begin
    locked[p] := true;
    truncate[p] := t_unmap_again;
  end;

  rule "truncate.unmap_again" truncate[p] = t_unmap_again ==> begin
    for t: Task do pte[t][p] := none; end;
    truncate[p] := t_remove;
  end;

  rule "truncate.remove" truncate[p] = t_remove ==> begin
    cache[p] := absent;
    locked[p] := false;
    truncate[p] := t_raise_size;
  end;

  rule "truncate.raise_size" truncate[p] = t_raise_size ==> begin
    beyond[p] := false;
    truncate[p] := t_lower_size;
  end;
end;

invariant "mapped_pages_are_cached"
  forall t: Task do forall p: Page do pte[t][p] != none -> cache[p] != absent end end;

invariant "writable_pages_are_dirty"
  forall t: Task do forall p: Page do pte[t][p] = writable -> cache[p] = dirty end end;
