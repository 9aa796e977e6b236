package tablesocket

import (
	"crypto/sha256"
	"fmt"
	"reflect"
	"strings"
	"time"

	"cedula/shared/table"
)

// What goes over the socket: the table's own types, and beside them what gob
// does not tell, whether a slice without elements is there.
type (
	getRequest struct {
		Strong bool
		Keys   []table.Key
	}
	queryRequest struct{ Query table.Query }
	writeRequest struct{ Ops []op }

	getAnswer struct {
		Items items
		Units table.Units
	}
	pageAnswer struct {
		Items items
		Next  *table.Position
		Units table.Units
	}
	writeAnswer struct{ Units table.Units }

	items struct {
		List  []item
		Empty bool // there, without an element
	}
	item struct {
		table.Item
		EmptyBody bool // there, without a byte
	}
	op struct {
		table.Op
		EmptyBody bool
	}
)

// answer is the body of every response: a value or a problem.
type answer[A any] struct {
	Value   A
	Problem *problem
}

// version names the shape of everything above, so that two programs whose types
// differ do not lose each other's fields silently.
var version = func() string {
	var text strings.Builder
	for _, part := range []any{
		getRequest{}, queryRequest{}, writeRequest{}, answer[getAnswer]{}, answer[pageAnswer]{}, answer[writeAnswer]{},
	} {
		describe(&text, reflect.TypeOf(part))
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text.String())))[:16]
}()

func describe(text *strings.Builder, t reflect.Type) {
	text.WriteString(t.Kind().String())
	switch t.Kind() {
	case reflect.Map:
		describe(text, t.Key())
		describe(text, t.Elem())
	case reflect.Pointer, reflect.Slice:
		describe(text, t.Elem())
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return
		}
		for f := range t.Fields() {
			text.WriteString("{" + f.Name + " ")
			describe(text, f.Type)
			text.WriteString("}")
		}
	default:
	}
}

func empty(s []byte) bool { return s != nil && len(s) == 0 }

func packItem(i table.Item) item { return item{i, empty(i.Body)} }

func (i item) unpack() table.Item {
	if i.EmptyBody {
		i.Item.Body = []byte{}
	}
	return i.Item
}

func packItems(list []table.Item) items {
	packed := items{Empty: list != nil && len(list) == 0}
	for _, i := range list {
		packed.List = append(packed.List, packItem(i))
	}
	return packed
}

func (l items) unpack() []table.Item {
	if len(l.List) == 0 && !l.Empty {
		return nil
	}
	list := make([]table.Item, len(l.List))
	for n, i := range l.List {
		list[n] = i.unpack()
	}
	return list
}

func packOps(list []table.Op) writeRequest {
	packed := make([]op, len(list))
	for n, o := range list {
		packed[n] = op{o, empty(o.Item.Body)}
	}
	return writeRequest{packed}
}

func (r writeRequest) unpack() []table.Op {
	list := make([]table.Op, len(r.Ops))
	for n, o := range r.Ops {
		if o.EmptyBody {
			o.Item.Body = []byte{}
		}
		list[n] = o.Op
	}
	return list
}
