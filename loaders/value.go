package loaders

import (
	"bytes"
	"math"
	"math/big"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

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
	digits := bytes.TrimPrefix(text, []byte{'-'})
	return len(digits) > 0 && digits[0] >= '0' && digits[0] <= '9'
}

func appendString(dst, text []byte) []byte {
	for _, c := range text {
		if c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			dst, _ = jsontext.AppendQuote(dst, text) // an error says that invalid UTF-8 was replaced
			return dst
		}
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
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

// keyKind says how a key's text is checked before it is sent, so that one wrong key doesn't fail the statement, and
// how it is written in an array literal.
type keyKind uint8

const (
	keyText keyKind = iota // anything; Postgres decides
	keyInt2
	keyInt4
	keyInt8
	keyUUID
	keyBool
)

var keyKinds = map[string]keyKind{"int2": keyInt2, "int4": keyInt4, "int8": keyInt8, "uuid": keyUUID, "bool": keyBool}

func keyKindOf(t catalog.Type) keyKind {
	if t.Base.Schema != "pg_catalog" {
		return keyText
	}
	return keyKinds[t.Base.Name]
}

var intBits = [...]int{keyInt2: 16, keyInt4: 32, keyInt8: 64}

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
		return bytes.Trim(text, "{}"), isUUID(text) // in an array literal a brace would be read as its own
	case keyBool:
		return text, isBool(text)
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

var bools = map[string]bool{
	"true": true, "false": true, "t": true, "f": true, "yes": true, "no": true, "y": true, "n": true,
	"on": true, "off": true, "1": true, "0": true,
}

func isBool(text []byte) bool { return bools[string(bytes.ToLower(bytes.TrimSpace(text)))] }

// appendElement writes a key as an element of an array literal (Postgres, section 8.15.6).
func (k keyKind) appendElement(dst, text []byte) []byte {
	if k != keyText {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	for _, c := range text {
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
