------------------------------ MODULE memfd_pins ------------------------------
(* memfd_pins for TLC. The sizes are in memfd_pins.cfg.                       *)
EXTENDS TLC

CONSTANTS Task, Page

Data == {"old", "new"}

VARIABLES mapped, writable, pinned, data, sealed

vars == <<mapped, writable, pinned, data, sealed>>

Symmetry == Permutations(Task) \cup Permutations(Page)

Init ==
    /\ mapped = [t \in Task |-> FALSE]
    /\ writable = [t \in Task |-> FALSE]
    /\ pinned = [t \in Task |-> [p \in Page |-> FALSE]]
    /\ data = [p \in Page |-> "old"]
    /\ sealed = FALSE

MapReadable(t) ==
    /\ ~mapped[t]
    /\ mapped' = [mapped EXCEPT ![t] = TRUE]
    /\ UNCHANGED <<writable, pinned, data, sealed>>

MapWritable(t) ==
    /\ ~mapped[t] /\ ~sealed
    /\ mapped' = [mapped EXCEPT ![t] = TRUE]
    /\ writable' = [writable EXCEPT ![t] = TRUE]
    /\ UNCHANGED <<pinned, data, sealed>>

MakeReadable(t) ==
    /\ writable[t]
    /\ writable' = [writable EXCEPT ![t] = FALSE]
    /\ UNCHANGED <<mapped, pinned, data, sealed>>

MakeWritable(t) ==
    /\ mapped[t] /\ ~writable[t] /\ ~sealed
    /\ writable' = [writable EXCEPT ![t] = TRUE]
    /\ UNCHANGED <<mapped, pinned, data, sealed>>

Unmap(t) ==
    /\ mapped[t]
    /\ mapped' = [mapped EXCEPT ![t] = FALSE]
    /\ writable' = [writable EXCEPT ![t] = FALSE]
    /\ UNCHANGED <<pinned, data, sealed>>

Pin(t, p) ==
    /\ writable[t] /\ ~pinned[t][p]
    /\ pinned' = [pinned EXCEPT ![t][p] = TRUE]
    /\ UNCHANGED <<mapped, writable, data, sealed>>

Unpin(t, p) ==
    /\ pinned[t][p]
    /\ pinned' = [pinned EXCEPT ![t][p] = FALSE]
    /\ UNCHANGED <<mapped, writable, data, sealed>>

Store(t, p, d) ==
    /\ writable[t] /\ data[p] # d
    /\ data' = [data EXCEPT ![p] = d]
    /\ UNCHANGED <<mapped, writable, pinned, sealed>>

Dma(t, p, d) ==
    /\ pinned[t][p] /\ data[p] # d
    /\ data' = [data EXCEPT ![p] = d]
    /\ UNCHANGED <<mapped, writable, pinned, sealed>>

Seal ==
    /\ ~sealed
    /\ \A t \in Task : ~writable[t] /\ \A p \in Page : ~pinned[t][p]
    /\ sealed' = TRUE
    /\ UNCHANGED <<mapped, writable, pinned, data>>

Next ==
    \/ \E t \in Task :
        \/ MapReadable(t) \/ MapWritable(t) \/ MakeReadable(t) \/ MakeWritable(t) \/ Unmap(t)
        \/ \E p \in Page :
            \/ Pin(t, p) \/ Unpin(t, p)
            \/ \E d \in Data : Store(t, p, d) \/ Dma(t, p, d)
    \/ Seal

Spec == Init /\ [][Next]_vars

SealedFileHasNoWriter ==
    sealed => \A t \in Task : ~writable[t] /\ \A p \in Page : ~pinned[t][p]
===============================================================================
