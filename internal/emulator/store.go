package emulator

import (
	"container/list"
	"time"
)

// table is a map that forgets: each entry has an end, and of more than max
// entries the oldest goes first. Its memory is bounded whatever is sent to the
// server (I10). It is not safe for concurrent use; [Server.mu] guards it.
type table[V any] struct {
	max   int
	rows  map[string]*list.Element
	order *list.List
}

type row[V any] struct {
	key     string
	value   V
	expires time.Time // zero: only pushed out by newer entries
}

func newTable[V any](limit int) *table[V] {
	return &table[V]{max: limit, rows: make(map[string]*list.Element), order: list.New()}
}

// put adds or replaces an entry and drops what has expired or is too much.
func (t *table[V]) put(key string, value V, now, expires time.Time) {
	if old, ok := t.rows[key]; ok {
		t.remove(old)
	}
	for e := t.order.Front(); e != nil; e = t.order.Front() {
		r, _ := e.Value.(row[V])
		if t.order.Len() < t.max && !r.dead(now) {
			break
		}
		t.remove(e)
	}
	t.rows[key] = t.order.PushBack(row[V]{key, value, expires})
}

func (t *table[V]) get(key string, now time.Time) (V, bool) {
	e, ok := t.rows[key]
	if !ok {
		var none V
		return none, false
	}
	r, _ := e.Value.(row[V])
	if r.dead(now) {
		t.remove(e)
		var none V
		return none, false
	}
	return r.value, true
}

func (t *table[V]) drop(key string) {
	if e, ok := t.rows[key]; ok {
		t.remove(e)
	}
}

// each calls f for every entry, oldest first.
func (t *table[V]) each(f func(V)) {
	for e := t.order.Front(); e != nil; e = e.Next() {
		r, _ := e.Value.(row[V])
		f(r.value)
	}
}

func (t *table[V]) remove(e *list.Element) {
	r, _ := e.Value.(row[V])
	delete(t.rows, r.key)
	t.order.Remove(e)
}

func (r row[V]) dead(now time.Time) bool {
	return !r.expires.IsZero() && !now.Before(r.expires)
}
