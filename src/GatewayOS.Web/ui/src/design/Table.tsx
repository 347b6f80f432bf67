import type { ComponentChildren } from 'preact';

/** A column: its name, and what it shows of a row. */
export interface Column<T> {
  name: string;
  cell: (row: T) => ComponentChildren;
  /** Set to the right, for figures. */
  isNumber?: boolean;
  /** Never broken over lines where there is a table: times, and states in a word. */
  isOneLine?: boolean;
  /** Takes what is left, and its words may be broken anywhere. */
  isLong?: boolean;
  /** The column's name is for screen readers only. */
  isUnnamed?: boolean;
}

/** Rows and columns; on a narrow screen each row becomes a block with its columns' names. */
export function Table<T>({ label, columns, rows, keyOf, rowClass }: { label: string; columns: readonly Column<T>[]; rows: readonly T[]; keyOf: (row: T) => string; rowClass?: (row: T) => string }) {
  return (
    <div class="table-frame" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" class={column.isNumber ? 'number' : ''}>
                {column.isUnnamed ? <span class="unseen">{column.name}</span> : column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} class={rowClass?.(row) ?? ''}>
              {columns.map((column) => (
                <td key={column.name} class={column.isNumber ? 'number' : column.isOneLine ? 'one-line' : column.isLong ? 'long' : ''} data-name={column.isUnnamed ? '' : column.name}>
                  <span class="cell">{column.cell(row)}</span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
