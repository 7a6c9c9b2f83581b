import { NativeSelect } from "@mantine/core";

interface Props {
  roles: string[]; // beside the admin
  value: string;
  onChange: (role: string) => void;
}

/** RoleSelect chooses whom to ask as. */
export function RoleSelect({ roles, value, onChange }: Props) {
  return (
    <NativeSelect
      label="Role"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      data={["admin", ...roles]}
    />
  );
}
