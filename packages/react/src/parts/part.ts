import {
  forwardRef,
  type ComponentPropsWithoutRef,
  type ForwardedRef,
  type ForwardRefExoticComponent,
  type JSX,
  type PropsWithoutRef,
  type ReactNode,
  type RefAttributes,
} from 'react'

/** A part: one element, which takes a ref. */
export type Part<Element, Props> = ForwardRefExoticComponent<PropsWithoutRef<Props> & RefAttributes<Element>>

/** The native props of an element, except where a part has props of its own. */
export type PartProps<Tag extends keyof JSX.IntrinsicElements, Own = object> = Omit<
  ComponentPropsWithoutRef<Tag>,
  keyof Own
> &
  Own

/** The one place that knows how React 18 passes refs; React 19 takes it too. */
export function part<Element, Props>(
  name: string,
  render: (props: PropsWithoutRef<Props>, ref: ForwardedRef<Element>) => ReactNode,
): Part<Element, Props> {
  const component = forwardRef<Element, Props>(render)
  component.displayName = name
  return component
}
