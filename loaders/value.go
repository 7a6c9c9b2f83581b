package loaders

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/joinery-graphql/joinery/catalog"
)

// encoding says how a column's text form becomes JSON. The JSON forms are those of to_json, as Hasura answers them
// (hasura-actions.md section 12).
type encoding uint8

const (
	encodeText        encoding = iota // a JSON string
	encodeNumber                      // a JSON number; NaN and Infinity as strings
	encodeBool                        // t, f
	encodeJSON                        // is JSON already
	encodeTimestamp                   // ISO, with T
	encodeTimestamptz                 // ISO, with T and the zone's minutes
	encodeToJSON                      // Postgres is asked for to_json: arrays, composites, types with a cast to json
)

var encodings = map[string]encoding{
	"bool": encodeBool,
	"int2": encodeNumber, "int4": encodeNumber, "int8": encodeNumber,
	"float4": encodeNumber, "float8": encodeNumber, "numeric": encodeNumber,
	"json": encodeJSON, "jsonb": encodeJSON,
	"timestamp": encodeTimestamp, "timestamptz": encodeTimestamptz,
}

func encodingOf(t catalog.Type) encoding {
	switch {
	case t.Array || t.BaseArray || t.BaseKind == catalog.CompositeType:
		return encodeToJSON
	case t.BaseKind == catalog.EnumType || t.Base.Name == "citext":
		return encodeText
	case t.Base.Schema != "pg_catalog":
		return encodeToJSON
	default:
		return encodings[t.Base.Name]
	}
}

// expression is what is selected for a column.
func (e encoding) expression(column string) string {
	if e == encodeToJSON {
		return "to_json(" + column + ")"
	}
	return column
}

// append writes Postgres' text form as JSON.
func (e encoding) append(dst, text []byte) []byte {
	switch e {
	case encodeNumber:
		if isNumber(text) {
			return append(dst, text...)
		}
	case encodeBool:
		return strconv.AppendBool(dst, len(text) == 1 && text[0] == 't')
	case encodeJSON, encodeToJSON:
		return append(dst, text...)
	case encodeTimestamp, encodeTimestamptz:
		return appendTimestamp(dst, text, e == encodeTimestamptz)
	}
	return appendString(dst, text)
}

// isNumber reports whether Postgres' text form of a number is JSON's, too: all but NaN and Infinity.
func isNumber(text []byte) bool {
	if len(text) > 1 && text[0] == '-' {
		text = text[1:]
	}
	return len(text) > 0 && '0' <= text[0] && text[0] <= '9'
}

func appendString(dst, text []byte) []byte {
	if !isPlain(text) {
		dst, _ = jsontext.AppendQuote(dst, text) // an error says that invalid UTF-8 was replaced
		return dst
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}

// isPlain reports whether a text is the same within a JSON string: ASCII, with nothing to escape. It looks at eight bytes at a
// time, since most of what is read from tables is such text.
func isPlain(text []byte) bool {
	if len(text) < 8 {
		var all [8]byte
		copy(all[copy(all[:], text):], "        ")
		return !hasSpecial(binary.LittleEndian.Uint64(all[:]))
	}
	for rest := text; len(rest) > 8; rest = rest[8:] {
		if hasSpecial(binary.LittleEndian.Uint64(rest)) {
			return false
		}
	}
	return !hasSpecial(binary.LittleEndian.Uint64(text[len(text)-8:]))
}

// hasSpecial reports whether one of eight bytes is a control character, a quote, a backslash or no ASCII. Of a byte below
// 0x80 that is zero after the xor, or less than ' ', the subtraction sets the high bit; a borrow can set it in the next byte
// only where one was found. (Bit Twiddling Hacks, "Determine if a word has a byte less than n")
func hasSpecial(eight uint64) bool {
	const ones = 0x0101010101010101
	quote, backslash := eight^(ones*'"'), eight^(ones*'\\')
	return (eight|(eight-ones*' ')|(quote-ones)|(backslash-ones))&(ones*0x80) != 0
}

// appendTimestamp turns "2016-07-20 17:30:15+00" into "2016-07-20T17:30:15+00:00", as to_json does. infinity stays.
func appendTimestamp(dst, text []byte, zone bool) []byte {
	date, clock, ok := bytes.Cut(text, []byte{' '})
	if !ok {
		return appendString(dst, text)
	}
	clock, era, _ := bytes.Cut(clock, []byte{' '})
	dst = append(dst, '"')
	dst = append(dst, date...)
	dst = append(dst, 'T')
	dst = append(dst, clock...)
	if sign := bytes.LastIndexAny(clock, "+-"); zone && sign == len(clock)-3 {
		dst = append(dst, ":00"...)
	}
	if len(era) > 0 {
		dst = append(dst, ' ')
		dst = append(dst, era...)
	}
	return append(dst, '"')
}

// keyKind says how a key is checked before it is sent, so that one wrong key doesn't fail the statement, and how it is
// written.
type keyKind uint8

const (
	keyText   keyKind = iota // any type's text; Postgres decides
	keyString                // types whose binary form is their text
	keyInt2
	keyInt4
	keyInt8
	keyUUID
	keyBool
	keyJSON // as it is; only expressions take it
)

var keyKinds = map[string]keyKind{
	"text": keyString, "int2": keyInt2, "int4": keyInt4, "int8": keyInt8, "uuid": keyUUID, "bool": keyBool,
}

func keyKindOf(t catalog.Type) keyKind {
	if t.Base.Schema != "pg_catalog" {
		return keyText
	}
	return keyKinds[t.Base.Name]
}

// checked reports whether a key that append takes is sure to be of the type.
func (k keyKind) checked() bool { return k > keyString && k < keyJSON }

// oid is the type's; it has one, which isn't zero, only where it has a binary form.
func (k keyKind) oid() uint32 {
	return [...]uint32{
		keyString: pgtype.TextOID, keyInt2: pgtype.Int2OID, keyInt4: pgtype.Int4OID, keyInt8: pgtype.Int8OID,
		keyUUID: pgtype.UUIDOID, keyBool: pgtype.BoolOID, keyJSON: 0,
	}[k]
}

var intBits = [...]int{keyInt2: 16, keyInt4: 32, keyInt8: 64}

// append writes a JSON value in Postgres' binary form, or as text where the kind has none, and reports whether it can be a
// value of the column's type.
func (k keyKind) append(dst, json []byte) ([]byte, bool) {
	if digits := intDigits[k]; digits > 0 {
		if n, ok := shortInteger(json, digits); ok { // as nearly all keys are
			return k.appendInteger(dst, n), true
		}
	}
	if k == keyJSON {
		return append(dst, json...), true
	}
	text, ok := k.text(json)
	if !ok {
		return dst, false
	}
	switch k {
	case keyInt2, keyInt4, keyInt8:
		n, err := strconv.ParseInt(string(text), 10, intBits[k])
		return k.appendInteger(dst, n), err == nil
	case keyUUID:
		return appendUUID(dst, text), true
	case keyBool:
		return append(dst, boolByte[text[0]]), true
	}
	return append(dst, text...), true
}

// intDigits are how many digits an integer may have that is sure to be of the type.
var intDigits = [...]int{keyInt2: 4, keyInt4: 9, keyInt8: 18, keyJSON: 0}

// shortInteger reads the digits of a JSON number, or string.
func shortInteger(json []byte, digits int) (n int64, ok bool) {
	if json[0] == '"' {
		json = json[1 : len(json)-1]
	}
	if len(json) == 0 || len(json) > digits {
		return 0, false
	}
	for _, c := range json {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
}

func (k keyKind) appendInteger(dst []byte, n int64) []byte {
	switch k {
	case keyInt2:
		return binary.BigEndian.AppendUint16(dst, uint16(n))
	case keyInt4:
		return binary.BigEndian.AppendUint32(dst, uint32(n))
	}
	return binary.BigEndian.AppendUint64(dst, uint64(n))
}

// text gives a JSON value as the text that Postgres reads, and whether it can be a value of the column's type.
// The text may share json's memory.
func (k keyKind) text(json []byte) (text []byte, ok bool) {
	switch json[0] {
	case '"':
		text, ok = unquote(json)
	case '{', '[':
		return nil, false
	default:
		text, ok = json, true
	}
	if !ok {
		return nil, false
	}
	return k.check(text)
}

// check gives a value's text as Postgres reads it, and whether it can be a value of the column's type.
func (k keyKind) check(text []byte) ([]byte, bool) {
	switch k {
	case keyInt2, keyInt4, keyInt8:
		return integerText(text, intBits[k])
	case keyUUID:
		return text, isUUID(text)
	case keyBool:
		return boolean(text)
	default:
		return text, bytes.IndexByte(text, 0) < 0
	}
}

func unquote(json []byte) ([]byte, bool) {
	inner := json[1 : len(json)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner, true
	}
	text, err := jsontext.AppendUnquote(nil, json)
	return text, err == nil
}

// integerText accepts what Postgres accepts of decimal integers, and integral JSON numbers such as 1.0 and 1e3, which
// GraphQL clients may send for an integer.
func integerText(text []byte, bits int) ([]byte, bool) {
	text = bytes.TrimSpace(text)
	if _, err := strconv.ParseInt(string(text), 10, bits); err == nil {
		return text, true
	}
	if len(text) > 32 || !isNumber(text) {
		return nil, false
	}
	f, _, err := big.ParseFloat(string(text), 10, 128, big.ToNearestEven)
	if err != nil {
		return nil, false
	}
	n, accuracy := f.Int64()
	if accuracy != big.Exact || n>>(bits-1) != 0 && n>>(bits-1) != -1 || n == math.MinInt64 {
		return nil, false
	}
	return strconv.AppendInt(nil, n, 10), true
}

// isUUID accepts the forms that Postgres reads: 32 hex digits, hyphens after any group of four, braces around.
// (Postgres, section 8.12)
func isUUID(text []byte) bool {
	if len(text) > 1 && text[0] == '{' && text[len(text)-1] == '}' {
		text = text[1 : len(text)-1]
	}
	digits := 0
	for _, c := range text {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
			digits++
		case c != '-' || digits == 0 || digits%4 != 0 || digits == 32:
			return false
		}
	}
	return digits == 32 && !bytes.Contains(text, []byte("--"))
}

// appendUUID reads the digits of what isUUID accepts.
func appendUUID(dst, text []byte) []byte {
	digits := 0
	for _, c := range text {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		switch {
		case digit < 0:
			continue
		case digits%2 == 0:
			dst = append(dst, byte(digit)<<4)
		default:
			dst[len(dst)-1] |= byte(digit)
		}
		digits++
	}
	return dst
}

// bools are what Postgres reads as a boolean, without those that are unambiguous beginnings of them (section 8.6).
var bools = map[string]bool{
	"true": true, "t": true, "yes": true, "y": true, "on": true, "1": true,
	"false": false, "f": false, "no": false, "n": false, "off": false, "0": false,
}

// boolean gives a text as t or f.
func boolean(text []byte) ([]byte, bool) {
	value, ok := bools[string(bytes.ToLower(bytes.TrimSpace(text)))]
	if value {
		return []byte("t"), ok
	}
	return []byte("f"), ok
}

var boolByte = map[byte]byte{'t': 1, 'f': 0}

// appendElement writes what append wrote as an element of an array literal (Postgres, section 8.15.6).
func (k keyKind) appendElement(dst, key []byte) []byte {
	switch k {
	case keyInt2:
		return strconv.AppendInt(dst, int64(int16(binary.BigEndian.Uint16(key))), 10)
	case keyInt4:
		return strconv.AppendInt(dst, int64(int32(binary.BigEndian.Uint32(key))), 10)
	case keyInt8:
		return strconv.AppendInt(dst, int64(binary.BigEndian.Uint64(key)), 10)
	case keyUUID:
		return hex.AppendEncode(dst, key)
	case keyBool:
		return append(dst, "ft"[key[0]])
	}
	return appendQuoted(dst, key)
}

// appendQuoted writes a text as an element of an array literal.
func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	for _, c := range text {
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
