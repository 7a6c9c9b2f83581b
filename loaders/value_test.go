package loaders

import (
	"encoding/binary"
	"encoding/json"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/metadata"
)

// TestValues compares what is read with what to_json makes of the same values: every type that is not left to to_json
// itself, with the values that need care.
func TestValues(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, `
		create extension citext; create extension hstore;
		create type mood as enum ('sad "\ ü', 'ok');
		create type pair as (a int, b text);
		create domain posint as int check (value > 0);
		create domain stamp as timestamptz;
		create domain ints as int[];
		create table v (id int primary key, c0 smallint, c1 integer, c2 bigint, c3 real, c4 double precision, c5 numeric, c6 boolean, c7 text,
			c8 varchar(10), c9 char(5), c10 uuid, c11 citext, c12 date, c13 time, c14 timetz, c15 timestamp, c16 timestamptz, c17 interval, c18 json,
			c19 jsonb, c20 bytea, c21 inet, c22 money, c23 name, c24 mood, c25 pair, c26 posint, c27 stamp, c28 int[], c29 text[][], c30 hstore,
			c31 int4range, c32 bit(3), c33 xml, c34 tsvector, c35 mood[], c36 "char", c37 oid, c38 macaddr, c39 point, c40 ints);
		set timezone = 'Asia/Kolkata';
		insert into v values
		(1, 1, -2, 9223372036854775807, 1.5, 0.1, 12.50, true, E'a "b" \\ \n\t\x01 é 😀', 'x', 'ab', '1f3b5c3e-0000-4000-8000-00000000000A', 'MiXed',
			'2020-02-29', '12:34:56.789', '12:34:56+05:30', '2016-07-20 17:30:15.25', '2016-07-20 17:30:15+00', '1 day 02:03', '{"a": [1, 2],  "b": null}',
			'{"a": 1}', '\xdeadbeef', '10.0.0.1/8', 1234.5, 'n', 'sad "\ ü', row(1, 'x"y'), 5, '2016-07-20 17:30:15+00', '{1,2,null}', '{{a,b},{c,"d e"}}',
			'a=>1,b=>NULL', '[1,5)', '101', '<a/>', 'a:1 b', '{ok,NULL}', 'c', 42, '08:00:2b:01:02:03', '(1,2)', '{1,2}'),
		(2, -32768, 0, -9223372036854775808, 'NaN', 'Infinity', 'NaN', false, '', '', '', '00000000-0000-0000-0000-000000000000', '', 'infinity', '24:00:00',
			'00:00:00-15:59', '-infinity', 'infinity', '-1 year', 'null', 'null', '', '::1', -0.01, '', 'ok', row(null, null), 1, '-infinity', '{}', '{}', '',
			'empty', '000', '', '', '{}', '', 0, '00:00:00:00:00:00', '(1e300,-0)', null),
		(3, null, null, null, '-Infinity', 1e-300, 1e100, null, null, null, null, null, null, '0044-03-15 BC', null, '00:00:00+00', '0044-03-15 12:00 BC',
			'0044-03-15 12:00+00 BC', null, '"x"', '[]', null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
			null, null, null, null, null),
		(4, 0, 0, 0, 1e10, 1e21, 0.000000000000000000001, true, 'é', null, null, null, null, '12020-01-01', null, null, '12020-01-01 00:00:00.000001',
			'1900-01-01 00:00:00+00:00:01', null, '1', '1e3', null, null, null, null, null, null, null, '2016-12-31 23:59:60+00', null, null, null, null, null,
			null, null, null, null, null, null, null, null);`)
	pool := db.Pool(t, Configure)
	structure, err := catalog.Read(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	table := structure.Tables[catalog.Name{Schema: "public", Name: "v"}]
	r := &Relationship{
		Name: "v", Type: metadata.ObjectRelationship, Source: &Source{Name: "default", Pool: pool},
		Table: table, Columns: []*catalog.Column{table.Column("id")},
	}
	s := NewStatement(r, table.Columns, nil)
	keys := s.NewKeySet()
	for _, id := range []string{"1", "2", "3", "4"} {
		if _, err := keys.Add([]byte(id)); err != nil {
			t.Fatal(err)
		}
	}
	l := New(Session{}, Options{})
	thunk := l.Load(t.Context(), s, keys)
	l.Flush()
	result, err := thunk()
	if err != nil {
		t.Fatal(err)
	}
	for row := range 4 {
		for i, c := range table.Columns {
			var want *string
			sql := `select to_json("` + c.Name + `")::text from v where id = $1`
			if err := pool.QueryRow(t.Context(), sql, row+1).Scan(&want); err != nil {
				t.Fatal(err)
			}
			got := result.Rows.Cell(row, i)
			if want == nil {
				if got != nil {
					t.Errorf("row %d, %s: got %s, want null", row+1, c.Type.Name, got)
				}
				continue
			}
			if !json.Valid(got) {
				t.Errorf("row %d, %s: %s is not JSON", row+1, c.Type.Name, got)
			} else if string(got) != *want && !sameJSON(t, got, []byte(*want)) {
				t.Errorf("row %d, %s: got %s, want %s", row+1, c.Type.Name, got, *want)
			}
		}
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatal(err)
	}
	return cmp.Equal(x, y)
}

// TestKeyKinds holds what is taken for a key against what Postgres takes: nothing that it refuses may be sent, because
// that would cost the other keys a second statement.
func TestKeyKinds(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t).Pool(t)
	values := []string{
		`1`, `-1`, `"1"`, `" 42 "`, `"+7"`, `1.0`, `1e3`, `1.5`, `""`, `"x"`, `true`, `false`, `"t"`, `"yes"`, `"2"`, `32767`, `32768`, `-32768`, `-32769`,
		`2147483647`, `2147483648`, `9223372036854775807`, `9223372036854775808`, `-9223372036854775808`, `9.2e18`, `1e400`, `"1_000"`, `"0x1F"`, `"1f3b5c3e-0000-4000-8000-000000000000"`,
		`"1f3b5c3e00004000800000000000000A"`, `"{1f3b5c3e-0000-4000-8000-000000000000}"`, `"1f3b-5c3e-0000-4000-8000-0000-0000-0000"`, `"1f3b5c3e-0000-4000-8000-00000000000"`,
		`"1f3b5c3e--0000-4000-8000-000000000000"`, `"{1f3b5c3e-0000-4000-8000-000000000000"`, `"-1f3b5c3e00004000800000000000000A"`, `"a\u0000b"`, `"a\"b"`, `[]`, `{}`, `"on"`, `"of"`, `"off"`, `" true "`, `"TRUE"`,
	}
	for name, kind := range map[string]keyKind{
		"int2": keyInt2, "int4": keyInt4, "int8": keyInt8, "uuid": keyUUID, "bool": keyBool, "text": keyString, "varchar": keyText,
	} {
		taken := 0
		for _, value := range values {
			key, ok := kind.append(nil, []byte(value))
			if !ok {
				continue
			}
			taken++
			var want string
			text, _ := kind.text([]byte(value))
			if err := pool.QueryRow(t.Context(), `select $1::text::`+name+`::text`, string(text)).Scan(&want); err != nil {
				t.Errorf("%s: %s is taken, but Postgres says %v", name, value, err)
			}
			if diff := cmp.Diff(want, sendKey(t, pool, kind, name, key, false)); diff != "" {
				t.Errorf("%s: %s as a text (-want +got):\n%s", name, value, diff)
			}
			if kind == keyText {
				continue
			}
			if diff := cmp.Diff(want, sendKey(t, pool, kind, name, key, true)); diff != "" {
				t.Errorf("%s: %s in binary form (-want +got):\n%s", name, value, diff)
			}
		}
		if taken == 0 {
			t.Errorf("%s: nothing is taken", name)
		}
	}
	for _, must := range []struct {
		kind  keyKind
		value string
		want  string
	}{
		{keyInt8, `9223372036854775807`, "9223372036854775807"},
		{keyInt8, `-9223372036854775808`, "-9223372036854775808"},
		{keyInt4, `1.0`, "1"},
		{keyInt8, `1e3`, "1000"},
		{keyInt8, `"9007199254740993"`, "9007199254740993"},
		{keyUUID, `"{1f3b5c3e-0000-4000-8000-000000000000}"`, "{1f3b5c3e-0000-4000-8000-000000000000}"},
		{keyBool, `" YES "`, "t"},
		{keyText, `12.50`, "12.50"},
		{keyText, `"a\"b"`, `a"b`},
	} {
		if text, ok := must.kind.text([]byte(must.value)); !ok || string(text) != must.want {
			t.Errorf("%s: got %q, %v, want %q", must.value, text, ok, must.want)
		}
	}
}

// sendKey has Postgres read an array of one key.
func sendKey(t *testing.T, pool *pgxpool.Pool, kind keyKind, typ string, key []byte, inBinary bool) string {
	t.Helper()
	keys := &KeySet{statement: &Statement{keys: []keyKind{kind}}, n: 1, bytes: key, ends: []uint32{uint32(len(key))}}
	values, formats := keys.parameters(0, 1, inBinary, nil)
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	result := conn.Conn().PgConn().ExecParams(t.Context(), `select ($1::`+typ+`[])[1]::text`, values, nil, formats, nil).Read()
	if result.Err != nil {
		t.Errorf("%s: %v", typ, result.Err)
		return ""
	}
	return string(result.Rows[0][0])
}

// FuzzArrayLiteral writes texts as an array literal and lets pgx read it.
func FuzzArrayLiteral(f *testing.F) {
	for _, seed := range []string{"", "a", `"`, `\`, "{}", "a,b", "NULL", " x ", "\n", "é😀", `\"`} {
		f.Add(seed, "x")
	}
	types := pgtype.NewMap()
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			t.Skip("JSON strings are UTF-8")
		}
		literal := appendQuoted([]byte{'{'}, []byte(a))
		literal = append(literal, ',')
		literal = append(appendQuoted(literal, []byte(b)), '}')
		var got []string
		if err := types.Scan(pgtype.TextArrayOID, pgtype.TextFormatCode, literal, &got); err != nil {
			t.Fatalf("%s: %v", literal, err)
		}
		if diff := cmp.Diff([]string{a, b}, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// FuzzKeyText makes keys of any JSON value: no panic, and what is taken for an integer is one.
func FuzzKeyText(f *testing.F) {
	for _, seed := range []string{`1`, `"1"`, `1e3`, `-0`, `"\u0000"`, `{}`, `[1]`, `true`, `1.50`, `1e999999999`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		if !json.Valid(value) || value[0] == ' ' || value[0] == '\n' || value[0] == '\t' || value[0] == '\r' {
			t.Skip()
		}
		for kind := keyText; kind <= keyBool; kind++ {
			text, ok := kind.text(value)
			key, taken := kind.append(nil, value)
			if ok != taken {
				t.Errorf("%s: kind %d takes it as a text %v, as a key %v", value, kind, ok, taken)
			}
			if n, err := strconv.ParseInt(string(text), 10, 64); ok && kind == keyInt8 && (err != nil || binary.BigEndian.Uint64(key) != uint64(n)) {
				t.Errorf("%s: %q is taken for the integer %x", value, text, key)
			}
		}
	})
}
