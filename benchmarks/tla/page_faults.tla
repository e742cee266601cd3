----------------------------- MODULE page_faults -----------------------------
(* page_faults for TLC. The sizes are in page_faults.cfg.                     *)
EXTENDS TLC

CONSTANTS Task, Page, Null

VARIABLES
    cache,          \* [Page -> "absent", "clean", "dirty", "writeback"]
    pte,            \* [Task -> [Page -> "none", "read_only", "writable"]]
    locked,
    beyond,
    fault,          \* the next step of each task's fault
    page,           \* the page of each task's fault, or Null
    write_back,     \* the next step of each page's writeback
    truncate        \* the next step of each page's truncation

vars == <<cache, pte, locked, beyond, fault, page, write_back, truncate>>

Symmetry == Permutations(Task) \cup Permutations(Page)

Init ==
    /\ cache = [p \in Page |-> "absent"]
    /\ pte = [t \in Task |-> [p \in Page |-> "none"]]
    /\ locked = [p \in Page |-> FALSE]
    /\ beyond = [p \in Page |-> FALSE]
    /\ fault = [t \in Task |-> "lookup"]
    /\ page = [t \in Task |-> Null]
    /\ write_back = [p \in Page |-> "lock"]
    /\ truncate = [p \in Page |-> "lower_size"]

Unmapped(p) == [t \in Task |-> [pte[t] EXCEPT ![p] = "none"]]

------------------------------------------------------------------------------

FaultLookup(t, p) ==
    /\ fault[t] = "lookup" /\ ~beyond[p] /\ pte[t][p] = "none"
    /\ page' = [page EXCEPT ![t] = p]
    /\ fault' = [fault EXCEPT ![t] = "lock"]
    /\ UNCHANGED <<cache, pte, locked, beyond, write_back, truncate>>

FaultLock(t) ==
    /\ fault[t] = "lock" /\ ~locked[page[t]]
    /\ locked' = [locked EXCEPT ![page[t]] = TRUE]
    /\ fault' = [fault EXCEPT ![t] = "check_size"]
    /\ UNCHANGED <<cache, pte, beyond, page, write_back, truncate>>

FaultCheckSize(t) ==
    /\ fault[t] = "check_size"
    /\ IF beyond[page[t]]
       THEN /\ locked' = [locked EXCEPT ![page[t]] = FALSE]
            /\ page' = [page EXCEPT ![t] = Null]
            /\ fault' = [fault EXCEPT ![t] = "lookup"]
            /\ UNCHANGED cache
       ELSE /\ cache' = [cache EXCEPT ![page[t]] = IF @ = "absent" THEN "clean" ELSE @]
            /\ fault' = [fault EXCEPT ![t] = "map"]
            /\ UNCHANGED <<locked, page>>
    /\ UNCHANGED <<pte, beyond, write_back, truncate>>

FaultMap(t) ==
    /\ fault[t] = "map"
    /\ pte' = [pte EXCEPT ![t][page[t]] = "read_only"]
    /\ fault' = [fault EXCEPT ![t] = "unlock"]
    /\ UNCHANGED <<cache, locked, beyond, page, write_back, truncate>>

FaultUnlock(t) ==
    /\ fault[t] = "unlock"
    /\ locked' = [locked EXCEPT ![page[t]] = FALSE]
    /\ page' = [page EXCEPT ![t] = Null]
    /\ fault' = [fault EXCEPT ![t] = "lookup"]
    /\ UNCHANGED <<cache, pte, beyond, write_back, truncate>>

MakeWritable(t, p) ==
    /\ pte[t][p] = "read_only" /\ ~locked[p] /\ cache[p] # "writeback"
    /\ pte' = [pte EXCEPT ![t][p] = "writable"]
    /\ cache' = [cache EXCEPT ![p] = "dirty"]
    /\ UNCHANGED <<locked, beyond, fault, page, write_back, truncate>>

Unmap(t, p) ==
    /\ pte[t][p] # "none"
    /\ pte' = [pte EXCEPT ![t][p] = "none"]
    /\ UNCHANGED <<cache, locked, beyond, fault, page, write_back, truncate>>

------------------------------------------------------------------------------

WriteBackLock(p) ==
    /\ write_back[p] = "lock" /\ ~locked[p] /\ cache[p] = "dirty"
    /\ locked' = [locked EXCEPT ![p] = TRUE]
    /\ write_back' = [write_back EXCEPT ![p] = "protect"]
    /\ UNCHANGED <<cache, pte, beyond, fault, page, truncate>>

WriteBackProtect(p) ==
    /\ write_back[p] = "protect"
    /\ pte' = [t \in Task |-> [pte[t] EXCEPT ![p] = IF @ = "writable" THEN "read_only" ELSE @]]
    /\ write_back' = [write_back EXCEPT ![p] = "submit"]
    /\ UNCHANGED <<cache, locked, beyond, fault, page, truncate>>

WriteBackSubmit(p) ==
    /\ write_back[p] = "submit"
    /\ cache' = [cache EXCEPT ![p] = "writeback"]
    /\ locked' = [locked EXCEPT ![p] = FALSE]
    /\ write_back' = [write_back EXCEPT ![p] = "end_io"]
    /\ UNCHANGED <<pte, beyond, fault, page, truncate>>

WriteBackEndIo(p) ==
    /\ write_back[p] = "end_io"
    /\ cache' = [cache EXCEPT ![p] = "clean"]
    /\ write_back' = [write_back EXCEPT ![p] = "lock"]
    /\ UNCHANGED <<pte, locked, beyond, fault, page, truncate>>

------------------------------------------------------------------------------

TruncateLowerSize(p) ==
    /\ truncate[p] = "lower_size"
    /\ beyond' = [beyond EXCEPT ![p] = TRUE]
    /\ truncate' = [truncate EXCEPT ![p] = "unmap"]
    /\ UNCHANGED <<cache, pte, locked, fault, page, write_back>>

TruncateUnmap(p) ==
    /\ truncate[p] = "unmap"
    /\ pte' = Unmapped(p)
    /\ truncate' = [truncate EXCEPT ![p] = "lock"]
    /\ UNCHANGED <<cache, locked, beyond, fault, page, write_back>>

TruncateLock(p) ==
    /\ truncate[p] = "lock" /\ ~locked[p] /\ cache[p] # "writeback"
    /\ locked' = [locked EXCEPT ![p] = TRUE]
    /\ truncate' = [truncate EXCEPT ![p] = "unmap_again"]
    /\ UNCHANGED <<cache, pte, beyond, fault, page, write_back>>

TruncateUnmapAgain(p) ==
    /\ truncate[p] = "unmap_again"
    /\ pte' = Unmapped(p)
    /\ truncate' = [truncate EXCEPT ![p] = "remove"]
    /\ UNCHANGED <<cache, locked, beyond, fault, page, write_back>>

TruncateRemove(p) ==
    /\ truncate[p] = "remove"
    /\ cache' = [cache EXCEPT ![p] = "absent"]
    /\ locked' = [locked EXCEPT ![p] = FALSE]
    /\ truncate' = [truncate EXCEPT ![p] = "raise_size"]
    /\ UNCHANGED <<pte, beyond, fault, page, write_back>>

TruncateRaiseSize(p) ==
    /\ truncate[p] = "raise_size"
    /\ beyond' = [beyond EXCEPT ![p] = FALSE]
    /\ truncate' = [truncate EXCEPT ![p] = "lower_size"]
    /\ UNCHANGED <<cache, pte, locked, fault, page, write_back>>

------------------------------------------------------------------------------

Next ==
    \/ \E t \in Task :
        \/ FaultLock(t) \/ FaultCheckSize(t) \/ FaultMap(t) \/ FaultUnlock(t)
        \/ \E p \in Page : FaultLookup(t, p) \/ MakeWritable(t, p) \/ Unmap(t, p)
    \/ \E p \in Page :
        \/ WriteBackLock(p) \/ WriteBackProtect(p) \/ WriteBackSubmit(p) \/ WriteBackEndIo(p)
        \/ TruncateLowerSize(p) \/ TruncateUnmap(p) \/ TruncateLock(p)
        \/ TruncateUnmapAgain(p) \/ TruncateRemove(p) \/ TruncateRaiseSize(p)

Spec == Init /\ [][Next]_vars

MappedPagesAreCached ==
    \A t \in Task, p \in Page : pte[t][p] # "none" => cache[p] # "absent"

WritablePagesAreDirty ==
    \A t \in Task, p \in Page : pte[t][p] = "writable" => cache[p] = "dirty"
===============================================================================
